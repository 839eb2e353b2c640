#include "tools/twinspand/diagnosis_json.h"

#include <nlohmann/json.hpp>

namespace twinspan::tools {
namespace {

using nlohmann::json;

json optional_text(const std::string& text) {
  return text.empty() ? json() : json(text);
}

json items_json(const std::vector<ike::ComparedItem>& items) {
  json list = json::array();
  for (const ike::ComparedItem& item : items) {
    list.push_back({{"item", item.item},
                    {"ours", item.ours},
                    {"theirs", optional_text(item.theirs)},
                    {"differs", item.differs}});
  }
  return list;
}

json config_json(const ike::Diagnosis& diagnosis, const policy::ConfigPlaces& places) {
  if (diagnosis.config_field.empty()) return {};
  json config = {{"object", diagnosis.config_object},
                 {"field", diagnosis.config_field},
                 {"path", diagnosis.config_object + "." + diagnosis.config_field},
                 {"file", nullptr},
                 {"line", nullptr},
                 {"column", nullptr}};
  const policy::ConfigPlace* const place = find_place(places, diagnosis.config_field);
  if (place == nullptr) return config;
  config["path"] = place->path;
  if (place->line == 0) return config;
  config["file"] = place->file;
  config["line"] = place->line;
  config["column"] = place->column;
  return config;
}

}  // namespace

json diagnosis_json(const ike::Diagnosis& diagnosis, const policy::ConfigPlaces& places) {
  if (diagnosis.cause.empty()) return {};
  return {{"cause", diagnosis.cause},
          {"message", diagnosis.message},
          {"likely_cause", diagnosis.likely_cause},
          {"remedy", diagnosis.remedy},
          {"connection", diagnosis.connection},
          {"peer",
           {{"id", optional_text(diagnosis.peer_identity)},
            {"address", optional_text(diagnosis.peer_address)}}},
          {"exchange", optional_text(diagnosis.exchange)},
          {"role", optional_text(diagnosis.role)},
          {"our_offer", optional_text(diagnosis.compared.our_offer)},
          {"peer_offer", optional_text(diagnosis.compared.peer_offer)},
          {"compared", items_json(diagnosis.compared.items)},
          {"first_difference", optional_text(diagnosis.compared.first_difference)},
          {"config", config_json(diagnosis, places)}};
}

}  // namespace twinspan::tools
