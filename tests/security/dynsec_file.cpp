#include "security/dynsec_file.hpp"

#include "security/dynsec_password.hpp"
#include "security/dynsec_rules.hpp"
#include "stored_password.hpp"

#include <caf/test/dsl.hpp>

#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>

using namespace troupe::security;
using namespace troupe::security::dynsec;
namespace fs = std::filesystem;

namespace {

/// A folder that goes with the test.
struct fixture {
  fixture() {
    std::string form = fs::temp_directory_path() / "troupeXXXXXX";
    folder = mkdtemp(form.data());
    path = folder / "dynamic-security.json";
  }
  ~fixture() { fs::remove_all(folder); }

  static std::string read(const fs::path& from) {
    std::ifstream file{from};
    return {std::istreambuf_iterator<char>{file}, {}};
  }

  static void write(const fs::path& to, std::string_view text) {
    std::ofstream{to} << text;
    chmod(to.c_str(), 0600);
  }

  static mode_t mode_of(const fs::path& of) {
    struct stat about {};
    stat(of.c_str(), &about);
    return about.st_mode & 07777;
  }

  size_t files() const {
    return static_cast<size_t>(
        std::distance(fs::directory_iterator{folder}, {}));
  }

  bool admits(const creation& made, const std::string& name,
              std::string_view password) const {
    const auto* found = made.content.find_client(name);
    return found != nullptr && is_password(found->password, password);
  }

  fs::path folder;
  fs::path path;
};

document with_client(const std::string& name) {
  document made;
  made.add_client(name, {});
  return made;
}

} // namespace

CAF_TEST_FIXTURE_SCOPE(files, fixture)

CAF_TEST(what is saved is loaded and only its owner can read it) {
  CAF_REQUIRE(!save_file(path, with_client("c")));
  auto again = load_file(path);
  CAF_REQUIRE(again.has_value());
  CAF_CHECK(again->content == with_client("c"));
  CAF_CHECK_EQUAL(mode_of(path), 0600u);
  CAF_CHECK_EQUAL(files(), 1u);
}

CAF_TEST(saving closes a file that others could read) {
  write(path, "{}");
  chmod(path.c_str(), 0644);
  CAF_REQUIRE(!save_file(path, with_client("c")));
  CAF_CHECK_EQUAL(mode_of(path), 0600u);
}

CAF_TEST(a symbolic link stays and what it points to is replaced) {
  auto link = folder / "link.json";
  write(path, "{}");
  fs::create_symlink(path, link);
  CAF_REQUIRE(!save_file(link, with_client("c")));
  CAF_CHECK(fs::is_symlink(link));
  CAF_CHECK(read(path).find("\"c\"") != std::string::npos);
}

CAF_TEST(a file that cannot be written stays as it was) {
  auto missing = folder / "nothing" / "f.json";
  auto wrong = save_file(missing, with_client("c"));
  CAF_REQUIRE(wrong.has_value());
  CAF_CHECK(wrong->text.find("nothing") != std::string::npos);
  // Nothing can take the place of a folder.
  fs::create_directories(path / "full");
  CAF_CHECK(save_file(path, with_client("c")).has_value());
  CAF_CHECK_EQUAL(files(), 1u);
}

CAF_TEST(a document that could not be read again is not saved) {
  CAF_REQUIRE(!save_file(path, with_client("c")));
  document huge;
  client big;
  big.about.description = std::string(most_file_bytes, 'x');
  huge.add_client("c", std::move(big));
  auto wrong = save_file(path, huge);
  CAF_REQUIRE(wrong.has_value());
  CAF_CHECK(wrong->text.find("16777216") != std::string::npos);
  auto left = load_file(path);
  CAF_REQUIRE(left.has_value());
  CAF_CHECK(left->content == with_client("c"));
}

CAF_TEST(a file that everybody can write is not loaded) {
  write(path, "{}");
  chmod(path.c_str(), 0606);
  CAF_CHECK(!load_file(path).has_value());
}

CAF_TEST(a missing file and a broken one are named) {
  auto missing = load_file(path);
  CAF_REQUIRE(!missing.has_value());
  CAF_CHECK(missing.error().text.find(path) != std::string::npos);
  write(path, "{\n{");
  auto broken = load_file(path);
  CAF_REQUIRE(!broken.has_value());
  CAF_CHECK(broken.error().text.find(path.string() + ":2:")
            != std::string::npos);
}

CAF_TEST(the first start draws passwords by lot and writes them down) {
  auto made = create_file(path, {});
  CAF_REQUIRE(made.has_value());
  CAF_CHECK_EQUAL(made->password_file, path.string() + ".pw");
  CAF_CHECK_EQUAL(mode_of(made->password_file), 0600u);
  std::istringstream text{read(made->password_file)};
  std::string name;
  std::string password;
  size_t lines = 0;
  for (; text >> name >> password; ++lines) {
    CAF_CHECK_EQUAL(password.size(), 20u);
    CAF_CHECK(admits(*made, name, password));
    CAF_CHECK(!admits(*made, name, password + "x"));
  }
  CAF_CHECK_EQUAL(lines, 2u);
  auto again = load_file(path);
  CAF_REQUIRE(again.has_value());
  CAF_CHECK(again->content == made->content);
  CAF_CHECK_EQUAL(files(), 2u);
}

CAF_TEST(two first starts draw different passwords) {
  CAF_REQUIRE(create_file(path, {}).has_value());
  auto first = read(path.string() + ".pw");
  CAF_REQUIRE(create_file(path, {}).has_value());
  CAF_CHECK(read(path.string() + ".pw") != first);
}

CAF_TEST(a password that is given makes admin alone) {
  auto made = create_file(path, {"", "at least twelve"});
  CAF_REQUIRE(made.has_value());
  CAF_CHECK(made->password_file.empty());
  CAF_CHECK(admits(*made, "admin", "at least twelve"));
  CAF_CHECK(made->content.find_client("democlient") == nullptr);
  CAF_CHECK_EQUAL(files(), 1u);
}

CAF_TEST(the first line of a file is the password) {
  write(folder / "pw", "from a file \r\nnot this\n");
  auto made = create_file(path, {folder / "pw", "of the environment"});
  CAF_REQUIRE(made.has_value());
  CAF_CHECK(admits(*made, "admin", "from a file"));
}

CAF_TEST(without a usable password nothing is made) {
  write(folder / "pw", " \nsecond line");
  CAF_CHECK(!create_file(path, {folder / "pw", {}}).has_value());
  CAF_CHECK(!create_file(path, {folder / "none", {}}).has_value());
  CAF_CHECK(!create_file(path, {"", ""}).has_value());
  CAF_CHECK(!create_file(path, {"", "elevenchars"}).has_value());
  auto none = [](std::string_view) { return std::string{}; };
  CAF_CHECK(!create_file(path, {}, none).has_value());
  CAF_CHECK(!fs::exists(path));
}

CAF_TEST(after the first start admin controls and democlient uses topics) {
  auto made = create_file(path, {});
  CAF_REQUIRE(made.has_value());
  auto may = [&](const char* who, action what, std::string_view topic) {
    return decide(made->content, {"id", who}, what, topic).verdict
           == ruling::allow;
  };
  CAF_CHECK(may("admin", action::publish, control_topic));
  CAF_CHECK(may("admin", action::subscribe, response_topic));
  CAF_CHECK(may("admin", action::receive, response_topic));
  CAF_CHECK(may("admin", action::subscribe, "#"));
  CAF_CHECK(may("admin", action::receive, "$SYS/broker/uptime"));
  CAF_CHECK(!may("admin", action::publish, "a"));
  CAF_CHECK(may("democlient", action::publish, "a"));
  CAF_CHECK(!may("democlient", action::publish, control_topic));
  CAF_CHECK(!may("democlient", action::subscribe, "$SYS/#"));
  client_identity anonymous{"id", std::nullopt};
  CAF_CHECK(decide(made->content, anonymous, action::publish, "a").verdict
            == ruling::pass);
}

CAF_TEST_FIXTURE_SCOPE_END()
