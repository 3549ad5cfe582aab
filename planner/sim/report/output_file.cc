#include "planner/sim/report/output_file.h"

#include <cerrno>
#include <system_error>
#include <utility>

namespace braid {
namespace {

Status CannotWrite(const std::string& path, int error) {
  return Unavailable("cannot write " + path + ": " + std::generic_category().message(error));
}

}  // namespace

OutputFile::OutputFile(std::string path, std::FILE* file) : path_(std::move(path)), file_(file) {}

Result<OutputFile> OutputFile::Make(const std::string& path) {
  std::FILE* file = std::fopen(path.c_str(), "w");
  if (file == nullptr) return CannotWrite(path, errno);
  return OutputFile(path, file);
}

void OutputFile::KeepError() {
  if (status_.ok()) status_ = CannotWrite(path_, errno);
}

void OutputFile::Write(std::string_view text) {
  if (file_ == nullptr || !status_.ok()) return;
  if (std::fwrite(text.data(), 1, text.size(), file_.get()) != text.size()) KeepError();
}

Status OutputFile::Close() {
  if (file_ == nullptr) return status_;
  std::FILE* file = file_.release();
  if (std::fflush(file) != 0) KeepError();
  if (std::fclose(file) != 0) KeepError();
  return status_;
}

Status WriteOutputFile(const std::string& path, std::string_view text) {
  ASSIGN_OR_RETURN(OutputFile file, OutputFile::Make(path));
  file.Write(text);
  return file.Close();
}

}  // namespace braid
