#include "launch/mpirun_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace braid {
namespace {

using testing::HasSubstr;
using testing::Not;

MpirunRequest TwoRanks() {
  return {.ranks = 2,
          .hosts = {},
          .as_root = false,
          .verbose = false,
          .mpirun = "mpirun",
          .command = {"/opt/braid", "run"}};
}

TEST(MpirunLine, KeepsOneHostsRanksUnboundYieldingAndOnTheLoopbackInterface) {
  EXPECT_EQ(BuildMpirunLine(TwoRanks()).ToString(),
            "mpirun --quiet -n 2 --oversubscribe --bind-to none --mca mpi_yield_when_idle 1 "
            "--mca btl_tcp_if_include lo --mca oob_tcp_if_include lo /opt/braid run");
}

TEST(MpirunLine, TellsMpirunThatRootIsMeant) {
  MpirunRequest request = TwoRanks();
  request.as_root = true;
  EXPECT_THAT(BuildMpirunLine(request).ToString(),
              HasSubstr("OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 mpirun"));
}

TEST(MpirunLine, LeavesTheInterfaceOfSeveralHostsToMpirun) {
  MpirunRequest request = TwoRanks();
  request.hosts = {{"a", 2}, {"b", 1}};
  const std::string line = BuildMpirunLine(request).ToString();
  EXPECT_THAT(line, HasSubstr("--host a:2,b:1"));
  EXPECT_THAT(line, Not(HasSubstr("if_include")));
  EXPECT_THAT(line, Not(HasSubstr("--oversubscribe")));
}

TEST(MpirunLine, HandsOtherHostsTheVariablesTheyNeed) {
  MpirunRequest request = TwoRanks();
  request.exported = {"BRAID_MODEL"};
  EXPECT_THAT(BuildMpirunLine(request).ToString(), HasSubstr("-x BRAID_MODEL /opt/braid run"));
}

TEST(MpirunLine, OversubscribesHostsOnlyBeyondTheirSlots) {
  MpirunRequest request = TwoRanks();
  request.hosts = {{"a", 2}, {"b", 1}};
  request.ranks = 4;
  EXPECT_THAT(BuildMpirunLine(request).ToString(), HasSubstr("--oversubscribe"));
}

TEST(MpirunLine, LetsMpirunSpeakWhenAsked) {
  MpirunRequest request = TwoRanks();
  request.verbose = true;
  EXPECT_THAT(BuildMpirunLine(request).ToString(), Not(HasSubstr("--quiet")));
}

TEST(ShellQuote, QuotesWhatAShellWouldChange) {
  EXPECT_EQ(ShellQuote("--tp=2"), "--tp=2");
  EXPECT_EQ(ShellQuote(""), "''");
  EXPECT_EQ(ShellQuote("Once upon"), "'Once upon'");
  EXPECT_EQ(ShellQuote("it's $HOME"), "'it'\\''s $HOME'");
  EXPECT_EQ(ShellQuote("a;b"), "'a;b'");
}

}  // namespace
}  // namespace braid
