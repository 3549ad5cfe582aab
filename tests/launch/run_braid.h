#pragma once

#include <string>
#include <vector>

namespace braid {

/// What the program answered.
struct BraidOutcome {
  int exit_code = 0;  ///< 128 + signal where one ended it
  std::string out;
  std::string err;
  double seconds = 0;
};

/// How to run it.
struct BraidCall {
  std::vector<std::string> arguments;
  std::vector<std::string> environment = {};  ///< "NAME=value", besides the test's own
  std::string input = {};                     ///< its standard input
  /// Sends this signal as soon as something stands on its standard output; 0: none.
  int signal_when_it_speaks = 0;
  /// Not its standard output but this file is waited for.
  std::string speaks_in = {};
  std::string folder = {};  ///< that it runs in; empty: the test's own
};

/// Runs the program that this build made, to its end.
BraidOutcome RunBraid(const BraidCall& call);
BraidOutcome RunBraid(std::vector<std::string> arguments);

/// A folder of this test alone, gone when the object is.
class TestFolder {
 public:
  TestFolder();
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;
  ~TestFolder();

  std::string path(const std::string& name) const { return folder_ + "/" + name; }
  /// Writes a file and returns its path.
  std::string Write(const std::string& name, const std::string& text) const;
  /// Writes a model of random weights, 2 layers of 4 heads, and returns its path. The same context
  /// gives the same bytes.
  std::string WriteModel(const std::string& name, int context = 256) const;

 private:
  std::string folder_;
};

}  // namespace braid
