#include "apps/config/config_tool.hpp"
#include "apps/config/options.hpp"
#include "config/load.hpp"
#include "config/written.hpp"

#include <fmt/format.h>

#include <cstdio>

namespace troupe::config_tool {

namespace {

/// Writes all of `text`; a full disk or a closed pipe is an error.
int write_out(const std::string& text) {
  auto wrote = std::fwrite(text.data(), 1, text.size(), stdout);
  if (wrote == text.size() && std::fflush(stdout) == 0)
    return success;
  std::perror("Error: cannot write");
  return failed;
}

int check(const config::loaded& in, const std::string& file) {
  for (const auto& warning : in.warnings)
    fmt::print(stderr, "Warning: {}\n", warning);
  return write_out(
      in.warnings.empty()
          ? fmt::format("{} is fine.\n", file)
          : fmt::format("{} can be used; {} of its lines get a warning.\n",
                        file, in.warnings.size()));
}

int convert(const config::loaded& in, const std::string& file) {
  auto comments = in.warnings;
  comments.insert(comments.begin(),
                  fmt::format("Made of {} by troupe config convert.", file));
  return write_out(config::write_json(in.settings, comments));
}

int show(const config::loaded& in, bool json) {
  return write_out(json ? config::describe_settings_json(in)
                        : config::describe_settings(in));
}

int run(const options& given) {
  if (given.command == command::schema)
    return write_out(config::write_schema());
  auto in = given.file.empty() ? config::outcome{config::loaded{}}
                               : config::load(given.file);
  if (!in) {
    fmt::print(stderr, "Error: {}\n", in.error().text);
    return bad_configuration;
  }
  switch (given.command) {
  case command::check:
    return check(*in, given.file);
  case command::convert:
    return convert(*in, given.file);
  case command::show:
  case command::schema:
    break;
  }
  return show(*in, given.json);
}

} // namespace

} // namespace troupe::config_tool

namespace troupe {

int config_main(int argc, char** argv) {
  auto parsed = config_tool::parse(argc, argv);
  if (!parsed.value)
    return parsed.status;
  return config_tool::run(*parsed.value);
}

} // namespace troupe
