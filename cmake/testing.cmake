# braid_test(NAME LABEL label SOURCES ... DEPS layers ... [RESOURCES ...])
#
# One GoogleTest binary whose cases appear in ctest one by one under LABEL: unit (one process,
# milliseconds), contract (a suite that every backend must pass), multirank (ranks as threads or
# MPI processes), slow.
find_package(GTest REQUIRED)
include(GoogleTest)
set(BRAID_TEST_LABELS "" CACHE STRING "Build only tests whose label matches this; empty: all")

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
  if(BRAID_TEST_LABELS AND NOT ARG_LABEL MATCHES "${BRAID_TEST_LABELS}")
    set_target_properties(${name} PROPERTIES EXCLUDE_FROM_ALL ON)
    return()
  endif()
  gtest_discover_tests(${name} DISCOVERY_TIMEOUT 60
    PROPERTIES LABELS ${ARG_LABEL} TIMEOUT ${ARG_TIMEOUT})
endfunction()
