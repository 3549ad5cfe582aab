#include "tests/launch/run_braid.h"

#include "models/gguf/random_model.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>
#include <utility>

namespace braid {
namespace {

using Clock = std::chrono::steady_clock;

std::string ReadAll(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

void Redirect(const std::string& path, int flags, int to) {
  const int file = open(path.c_str(), flags | O_CLOEXEC, 0600);
  if (file < 0 || dup2(file, to) < 0) _exit(126);
}

pid_t Start(const BraidCall& call, const TestFolder& folder) {
  std::vector<std::string> words = {BRAID_PROGRAM};
  words.insert(words.end(), call.arguments.begin(), call.arguments.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  const pid_t child = fork();
  if (child != 0) return child;
  Redirect(folder.path("in"), O_RDONLY, STDIN_FILENO);
  Redirect(folder.path("out"), O_WRONLY | O_CREAT | O_TRUNC, STDOUT_FILENO);
  Redirect(folder.path("err"), O_WRONLY | O_CREAT | O_TRUNC, STDERR_FILENO);
  for (const std::string& variable : call.environment) {
    const std::size_t equals = variable.find('=');
    setenv(variable.substr(0, equals).c_str(), variable.substr(equals + 1).c_str(), 1);
  }
  if (!call.folder.empty() && chdir(call.folder.c_str()) != 0) _exit(125);
  execv(argv[0], argv.data());
  _exit(127);
}

void SignalWhenItSpeaks(pid_t child, int signal, const std::string& out) {
  struct stat state {};
  siginfo_t ended{};
  while (waitid(P_PID, static_cast<id_t>(child), &ended, WEXITED | WNOHANG | WNOWAIT) == 0 &&
         ended.si_pid == 0) {
    if (stat(out.c_str(), &state) == 0 && state.st_size > 0) {
      kill(child, signal);
      return;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

}  // namespace

BraidOutcome RunBraid(const BraidCall& call) {
  const TestFolder folder;
  folder.Write("in", call.input);
  const Clock::time_point start = Clock::now();
  const pid_t child = Start(call, folder);
  if (call.signal_when_it_speaks != 0) {
    SignalWhenItSpeaks(child, call.signal_when_it_speaks,
                       call.speaks_in.empty() ? folder.path("out") : call.speaks_in);
  }
  int status = 0;
  waitpid(child, &status, 0);
  BraidOutcome outcome;
  outcome.seconds = std::chrono::duration<double>(Clock::now() - start).count();
  outcome.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  outcome.out = ReadAll(folder.path("out"));
  outcome.err = ReadAll(folder.path("err"));
  return outcome;
}

BraidOutcome RunBraid(std::vector<std::string> arguments) {
  return RunBraid(BraidCall{.arguments = std::move(arguments)});
}

TestFolder::TestFolder() {
  std::string pattern = testing::TempDir() + "braid_launch_XXXXXX";
  EXPECT_NE(mkdtemp(pattern.data()), nullptr);
  folder_ = pattern;
}

TestFolder::~TestFolder() {
  std::error_code error;
  std::filesystem::remove_all(folder_, error);
}

std::string TestFolder::Write(const std::string& name, const std::string& text) const {
  std::ofstream(path(name), std::ios::binary) << text;
  return path(name);
}

std::string TestFolder::WriteModel(const std::string& name, int context) const {
  ModelSpec spec = SmallSpec();
  spec.context_length = context;
  const Result<GgufWriter> model = MakeRandomModel({.spec = spec});
  EXPECT_TRUE(model.ok()) << model.status().message();
  const Status written = model->Write(path(name));
  EXPECT_TRUE(written.ok()) << written.message();
  return path(name);
}

}  // namespace braid
