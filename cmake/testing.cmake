# braid_test(NAME LABEL label SOURCES ... DEPS layers ... [RESOURCES ...])
#
# One GoogleTest binary whose cases appear in ctest one by one under LABEL: unit (one process,
# milliseconds), contract (a suite that every backend must pass), multirank (ranks as threads or
# MPI processes), slow.
find_package(GTest REQUIRED)
include(GoogleTest)

function(braid_test name)
  cmake_parse_arguments(ARG "" "LABEL;TIMEOUT" "SOURCES;DEPS;FOREIGN" ${ARGN})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 60)
  endif()
  add_executable(${name} ${ARG_SOURCES})
  foreach(dep ${ARG_DEPS})
    target_link_libraries(${name} PRIVATE braid_${dep})
  endforeach()
  target_link_libraries(${name} PRIVATE braid_warnings ${ARG_FOREIGN} GTest::gtest GTest::gmock GTest::gtest_main)
  gtest_discover_tests(${name} DISCOVERY_TIMEOUT 60
    PROPERTIES LABELS ${ARG_LABEL} TIMEOUT ${ARG_TIMEOUT})
endfunction()
