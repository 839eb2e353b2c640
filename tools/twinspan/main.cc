// twinspan: the command line of a running (or stopped) gateway.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <exception>
#include <iostream>
#include <optional>
#include <span>

#include "tools/twinspan/changes.h"
#include "tools/twinspan/commands.h"
#include "tools/twinspan/import.h"
#include "tools/twinspan/validate.h"
#include "tools/twinspand/control_protocol.h"
#include "tools/twinspand/exit_code.h"

namespace {

namespace policy = twinspan::policy;
using namespace twinspan::tools;

using Command = int (*)(const CommandOptions&);

void add_command(CLI::App& app, Command& chosen, const char* name, const char* description,
                 Command command) {
  app.add_subcommand(name, description)->fallthrough()->callback([&chosen, command] {
    chosen = command;
  });
}

CLI::App* add_connection_command(CLI::App& app, CommandOptions& options, Command& chosen,
                                 std::pair<const char*, const char*> name_and_text,
                                 Command command) {
  CLI::App* const sub =
      app.add_subcommand(name_and_text.first, name_and_text.second)->fallthrough();
  sub->add_option("connection", options.connection, "Name of the connection")->required();
  sub->callback([&chosen, command] { chosen = command; });
  return sub;
}

// `NAME` may be left out.
void add_view_command(CLI::App& app, CommandOptions& options, Command& chosen,
                      std::pair<const char*, const char*> name_and_text, Command command) {
  CLI::App* const sub =
      app.add_subcommand(name_and_text.first, name_and_text.second)->fallthrough();
  sub->add_option("name", options.object, "One of them; all when left out");
  sub->callback([&chosen, command] { chosen = command; });
}

// What is answered from files alone; `answer` then holds the exit code.
void add_import(CLI::App& app, const CommandOptions& options, ImportOptions& import,
                std::optional<int>& answer) {
  CLI::App* const all =
      app.add_subcommand("import", "Another program's configuration to an estate file")
          ->fallthrough();
  all->require_subcommand(1);
  const auto add = [&](const char* name, const char* text, policy::PeerFileKind kind) {
    CLI::App* const sub = all->add_subcommand(name, text)->fallthrough();
    sub->add_option("file", import.file, "The file to read")->required();
    sub->add_option("--keys-to", import.keys_to,
                    "Folder for the keys that stand in the file, one file of mode 0600 each; "
                    "without it they are not copied");
    sub->callback([&, kind] {
      import.kind = kind;
      import.json = options.json;
      answer = import_estate(import, std::cout, std::cerr);
    });
  };
  add("azure", "A template, or what `az ... -o json` prints", policy::PeerFileKind::Azure);
  add("swanctl", "strongSwan's swanctl.conf", policy::PeerFileKind::Swanctl);
}

void add_export(CLI::App& app, CommandOptions& options, Command& chosen) {
  CLI::App* const all =
      app.add_subcommand("export", "The other end of a connection, for another program")
          ->fallthrough();
  all->require_subcommand(1);
  CLI::App* const sub = add_connection_command(
      *all, options, chosen, {"strongswan", "As swanctl.conf"}, run_export_strongswan);
  CLI::Option* const config = sub->add_option(
      "--config", options.config, "The estate file; else that of the gateway that runs");
  sub->add_option("--instance", options.instance, "Of our gateway")->needs(config);
  sub->add_flag("--with-key", options.with_key, "Write the pre-shared key into it");
}

CLI::App* add_estate_command(CLI::App& app, CommandOptions& options, Command& chosen,
                             std::pair<const char*, const char*> name_and_text, Command command) {
  CLI::App* const sub =
      app.add_subcommand(name_and_text.first, name_and_text.second)->fallthrough();
  sub->callback([&chosen, command] { chosen = command; });
  sub->add_option("file", options.file, "Estate file");
  return sub;
}

void add_change_commands(CLI::App& app, CommandOptions& options, Command& chosen) {
  add_estate_command(app, options, chosen,
                     {"plan", "What the running gateway would change for an estate file"},
                     run_plan);
  CLI::App* const apply =
      add_estate_command(app, options, chosen,
                         {"apply", "Make the running gateway what an estate file says"}, run_apply);
  apply
      ->add_option("--confirm", options.confirm_seconds,
                   "Roll back after this time (60s, 5m) unless `twinspan confirm` comes")
      ->transform(CLI::AsNumberWithUnit(std::map<std::string, unsigned>{{"s", 1}, {"m", 60}}))
      ->check(CLI::Range(1u, kConfirmSecondsMax));
  add_command(app, chosen, "confirm", "Keep what `apply --confirm` has changed", run_confirm);
  CLI::App* const replace =
      app.add_subcommand("replace", "Step by step what cannot be changed in place")->fallthrough();
  replace->require_subcommand(1);
  CLI::App* const gateway =
      replace->add_subcommand("gateway", "The gateway by one of the other type")->fallthrough();
  gateway->add_option("name", options.object, "Of the gateway")->required();
  gateway->add_option("file", options.file, "Estate file")->required();
  gateway->add_flag("--yes", options.yes, "Do not ask");
  gateway->callback([&chosen] { chosen = run_replace_gateway; });
}

void add_file_commands(CLI::App& app, CommandOptions& options, ValidateOptions& validate,
                       SchemaOptions& schema, std::optional<int>& answer) {
  CLI::App* const check =
      app.add_subcommand("validate", "What cannot work in an estate file, before it is run")
          ->fallthrough();
  check->add_option("file", validate.file, "Estate file")->required();
  check->add_option("--peer", validate.peer_file, "The other administrator's file, to compare");
  CLI::Option* const list =
      check->add_option("--checklist", validate.connection,
                        "The numbered list for this connection instead of findings");
  CLI::Option* const from = check->add_option(
      "--from", validate.from, "With --to: the way between two networks, hop by hop, instead");
  CLI::Option* const to = check->add_option("--to", validate.to, "The other end of that way");
  from->needs(to)->excludes(list);
  to->needs(from);
  check->callback([&] {
    validate.json = options.json;
    answer = validate_files(validate, std::cout, std::cerr);
  });
  CLI::App* const print =
      app.add_subcommand("schema", "The JSON Schema of estate files, for editors")->fallthrough();
  print->add_flag("--reference", schema.reference, "The reference of docs/model.md instead");
  print->callback([&] { answer = print_schema(schema, std::cout); });
}

void add_questions(CLI::App& app, CommandOptions& options, Command& chosen) {
  CLI::App* const explain =
      app.add_subcommand("explain", "Whether and why a packet arrives, by the live tables")
          ->fallthrough();
  ExplainArguments& asked = options.explain;
  explain->add_option("source", asked.source, "Its source address")->required();
  explain->add_option("destination", asked.destination, "Its destination address")->required();
  explain->add_option("-p,--protocol", asked.protocol, "tcp, udp, icmp, sctp or a number");
  explain->add_option("--sport", asked.source_port, "Its source port")->check(CLI::Range(65535));
  explain->add_option("--dport", asked.destination_port, "Its destination port")
      ->check(CLI::Range(65535));
  explain->add_option("--size", asked.size, "Its length, IP header included")
      ->check(CLI::Range(65535));
  explain->add_flag("--df", asked.dont_fragment, "It may not be cut");
  explain->add_option("--from", asked.from,
                      "The virtual network that it comes from; else the one that has its source");
  explain->callback([&chosen] { chosen = run_explain; });
  CLI::App* const drops =
      app.add_subcommand("drops", "The packets that were dropped last, each explained")
          ->fallthrough();
  drops->add_option("--last", options.last, "How many");
  drops->callback([&chosen] { chosen = run_drops; });
  add_view_command(app, options, chosen,
                   {"verify", "Checks connections of the running gateway, one or all"}, run_verify);
}

// A command line that cannot be parsed has set no option for sure.
int refuse_command_line(const CLI::App& app, const CLI::ParseError& error,
                        std::span<char* const> words) {
  if (app.exit(error) == 0) return kExitOk;
  const bool wants_json = std::ranges::find(words, std::string_view("--json")) != words.end();
  if (wants_json) print_error_json(error.what());
  return kExitUsage;
}

int run(int argc, char** argv) {
  CommandOptions options;
  ValidateOptions validate;
  ImportOptions import;
  SchemaOptions schema;
  std::optional<int> answer;
  Command chosen = run_status;
  CLI::App app("Twinspan: status and control of a gateway. Without a command: status.", "twinspan");
  app.require_subcommand(0, 1);
  app.add_option("--run-dir", options.run_dir, "The daemon's run directory");
  app.add_flag("--json", options.json, "JSON output");

  add_command(app, chosen, "status", "One line per connection, the down ones too, with the reason",
              run_status);
  CLI::App* const show = app.add_subcommand("show", "Details of one object")->fallthrough();
  show->require_subcommand(1);
  add_connection_command(*show, options, chosen, {"connection", "A connection with its SAs"},
                         run_show_connection);
  add_view_command(*show, options, chosen, {"peering", "Peerings: state, sync level, flags"},
                   run_show_peering);
  add_view_command(*show, options, chosen, {"gateway", "Gateways with their BGP settings"},
                   run_show_gateway);
  add_view_command(app, options, chosen,
                   {"routes", "Effective routes of the networks that are attached here"},
                   run_routes);
  add_questions(app, options, chosen);
  add_connection_command(app, options, chosen, {"up", "Connect, and show the negotiation"}, run_up);
  add_connection_command(app, options, chosen, {"down", "Disconnect until `up`"}, run_down);
  CLI::App* const rekey = add_connection_command(
      app, options, chosen, {"rekey", "Replace the Child SA's keys"}, run_rekey);
  rekey->add_flag("--ike", options.ike, "The IKE SA's keys instead");
  CLI::App* const events =
      app.add_subcommand("events", "What happened, oldest first")->fallthrough();
  events->add_flag("--follow", options.follow, "And what happens from now on");
  events->callback([&chosen] { chosen = run_events; });
  add_command(app, chosen, "reload-credentials",
              "Read keys, certificates and CRLs again; connections stay up",
              run_reload_credentials);
  add_command(app, chosen, "flush", "Remove devices, routes and rules of a stopped gateway",
              run_flush);
  add_change_commands(app, options, chosen);
  add_import(app, options, import, answer);
  add_export(app, options, chosen);
  add_file_commands(app, options, validate, schema, answer);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return refuse_command_line(app, error, {argv, static_cast<size_t>(argc)});
  }
  return answer ? *answer : chosen(options);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    std::cerr << "twinspan: " << error.what() << "\n";
    return kExitNegative;
  }
}
