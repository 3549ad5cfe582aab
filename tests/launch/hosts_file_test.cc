#include "launch/hosts_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace braid {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

TEST(HostsFile, ReadsNamesWithAndWithoutSlots) {
  const auto hosts =
      ParseHosts("# the rack\nnode1\nnode2:4\n\n  node-3 slots=2  # slow\r\n10.0.0.4", "hosts");
  ASSERT_TRUE(hosts.ok()) << hosts.error().message();
  EXPECT_EQ(*hosts,
            (std::vector<Host>{{"node1", 1}, {"node2", 4}, {"node-3", 2}, {"10.0.0.4", 1}}));
}

TEST(HostsFile, NamesTheLineOfWhatIsNotAHost) {
  const auto message = [](const char* text) {
    const auto hosts = ParseHosts(text, "hosts");
    return hosts.ok() ? std::string("ok") : hosts.error().message();
  };
  EXPECT_THAT(message("a\nb:0\n"), StartsWith("hosts:2: slots must be an integer"));
  EXPECT_THAT(message("a:x"), StartsWith("hosts:1: slots"));
  EXPECT_THAT(message("a:"), StartsWith("hosts:1: slots"));
  EXPECT_THAT(message("a slots=-1"), StartsWith("hosts:1: slots"));
  EXPECT_THAT(message("a slots=99999999999"), StartsWith("hosts:1: slots"));
  EXPECT_THAT(message("\n\na b\n"), StartsWith("hosts:3: 'a b' is not a host"));
  EXPECT_THAT(message("--mca\n"), StartsWith("hosts:1: '--mca' is not the name of a host"));
  EXPECT_THAT(message("a,b\n"), StartsWith("hosts:1: 'a,b' is not the name"));
  EXPECT_THAT(message("a\nb\na:2\n"), StartsWith("hosts:3: host a stands here a second time"));
}

TEST(HostsFile, MustNameAHost) {
  EXPECT_THAT(ParseHosts("# none\n", "hosts").error().message(), HasSubstr("names no host"));
}

}  // namespace
}  // namespace braid
