#pragma once

#include "launch/option_table.h"
#include "launch/option_targets.h"

#include <string>
#include <utility>

namespace braid {

/// Adds options of one section of a file, a line each. Flags are called as their keys are.
class SectionOptions {
 public:
  SectionOptions(std::string section, OptionTable& table)
      : section_(std::move(section)), table_(table) {}

  void Switch(std::string name, bool& field, std::string help) {
    Add(std::move(name), SwitchTarget{&field}, "", std::move(help));
  }
  template <std::integral Field>
  void Whole(std::string name, Field& field, std::int64_t minimum, std::int64_t maximum,
             std::string help) {
    Add(std::move(name), WholeTarget(field, minimum, maximum), "N", std::move(help));
  }
  void Real(std::string name, double& field, double minimum, double maximum, std::string help) {
    Add(std::move(name), RealTarget{&field, minimum, maximum}, "X", std::move(help));
  }
  void Seconds(std::string name, std::int64_t& ns, double minimum, double maximum,
               std::string help) {
    Add(std::move(name), SecondsTarget(ns, minimum, maximum), "SECONDS", std::move(help));
  }
  Option& Add(std::string name, OptionTarget target, std::string value_name, std::string help) {
    table_.Add({.name = std::move(name),
                .target = std::move(target),
                .value_name = std::move(value_name),
                .help = std::move(help),
                .section = section_});
    return table_.options().back();
  }

 private:
  std::string section_;
  OptionTable& table_;
};

}  // namespace braid
