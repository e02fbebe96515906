#include "security/protected_file.hpp"

#include <caf/test/dsl.hpp>

#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>

using troupe::security::read_protected_file;

namespace {

/// A file with a text in a folder of its own; both go with it.
struct fixture {
  fixture() {
    std::string form = std::filesystem::temp_directory_path() / "troupeXXXXXX";
    folder = mkdtemp(form.data());
    path = folder / "users";
    std::ofstream{path} << "text";
  }
  ~fixture() { std::filesystem::remove_all(folder); }

  std::filesystem::path folder;
  std::filesystem::path path;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(protected_files, fixture)

CAF_TEST(a file of its owner is read) {
  chmod(path.c_str(), 0640);
  auto content = read_protected_file(path);
  CAF_REQUIRE(content.has_value());
  CAF_CHECK_EQUAL(*content, "text");
}

CAF_TEST(a file that everybody can write is refused with the remedy) {
  chmod(path.c_str(), 0646);
  auto content = read_protected_file(path);
  CAF_REQUIRE(!content.has_value());
  CAF_CHECK(content.error().text.find("chmod o-w") != std::string::npos);
}

CAF_TEST(a folder is refused) {
  auto content = read_protected_file(folder);
  CAF_REQUIRE(!content.has_value());
  CAF_CHECK(content.error().text.find("regular") != std::string::npos);
}

CAF_TEST(a missing file is named) {
  auto content = read_protected_file(folder / "nothing");
  CAF_REQUIRE(!content.has_value());
  CAF_CHECK(content.error().text.find("nothing") != std::string::npos);
}

CAF_TEST_FIXTURE_SCOPE_END()
