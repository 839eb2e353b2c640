// What reading a foreign configuration yields: a model, everything of it that the model does not
// carry, and the keys that stood in it.
//
// Pure, as all of policy/. Notes are findings, so that they print and travel as JSON like those of
// policy/validate.h. Keys never enter the model: it names the files that hold them.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "base/secret.h"
#include "policy/finding.h"
#include "policy/model.h"

namespace twinspan::policy {

inline constexpr size_t kImportTextMax = 4u << 20;  // Bytes, included files counted.
inline constexpr size_t kImportNotesMax = 1000;

// A new estate, or a model to compare ours with, which has the connections of IKEv1 as well: they
// are the other end of something all the same.
enum class ImportFor : uint8_t { Estate, Comparison };

struct ImportedKey {
  std::string file;  // As the model names it.
  SecretBytes bytes;
  KeyEncoding encoding = KeyEncoding::Text;  // As the model says it of the file.
};

struct Import {
  Model model;
  Findings notes;                 // In the file's order.
  std::vector<ImportedKey> keys;  // No two of one file.
};

// The ids of notes, by what the reader of one has to do.
//
//   import.left-out     error    an object is missing in the model: without what it asks for, it
//                                would be something else, and less safe
//   import.incomplete   error    the model lacks what the foreign file does not say
//   import.not-carried  warning  a setting is not in the model; what is there works without it
//   import.alternative  warning  of several that the file has one is in the model; for comparing
//                                it with the other side all of them are kept
//   import.chosen       info     the file leaves it open, and this was taken
//   import.more         (worst)  how many notes there were beyond kImportNotesMax
inline constexpr std::string_view kLeftOutNote = "import.left-out";
inline constexpr std::string_view kAlternativeNote = "import.alternative";

class ImportNotes {
 public:
  struct Note {
    SourceMark mark;
    std::string path;  // In the foreign file's words: "connections.s2s.version".
    std::string message;
    std::string remedy;
  };

  explicit ImportNotes(const std::vector<std::string>& files) : files_(files) {}

  void left_out(Note note) { add(Severity::Error, kLeftOutNote, std::move(note)); }
  void incomplete(Note note) { add(Severity::Error, "import.incomplete", std::move(note)); }
  void not_carried(Note note) { add(Severity::Warning, "import.not-carried", std::move(note)); }
  void alternative(Note note) { add(Severity::Warning, kAlternativeNote, std::move(note)); }
  void chosen(Note note) { add(Severity::Info, "import.chosen", std::move(note)); }

  Findings take();  // Sorted by place; those of one place as they came. import.more comes last.

 private:
  void add(Severity severity, std::string_view id, Note note);

  const std::vector<std::string>& files_;
  Findings notes_;
  size_t dropped_ = 0;
  Severity worst_dropped_ = Severity::Info;
};

// Foreign names to names that an estate takes, each once.
class ImportNames {
 public:
  // `wished` itself where it is free and well formed; else its letters with '-' for what is not
  // allowed, and a number behind it when that is taken.
  std::string take(std::string_view wished);

 private:
  std::set<std::string> taken_;
  std::map<std::string, unsigned> numbers_;  // The last one tried behind a name.
};

// The last /27 (or, of IPv6, /64) of the first prefix that has room, as a network's GatewaySubnet.
// False: none has.
bool choose_gateway_subnet(VirtualNetwork& network);

template <class Value>
Marked<Value> marked(Value value, SourceMark mark) {
  return {std::move(value), mark, true};
}

// What is not written keeps the default that the field has.
template <class Value>
void take_if_set(const Marked<Value>& written, Marked<Value>& field) {
  if (written.is_set) field = written;
}

}  // namespace twinspan::policy
