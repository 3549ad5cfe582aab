# braid_fuzzer(NAME DEPS layers ...)
#
# One libFuzzer target NAME_fuzz of tests/fuzz/NAME_fuzz.cc. The tree around it must be built with
# BRAID_SANITIZE containing fuzzer-no-link (the presets asan and fuzz), or the fuzzer is blind.
# Its corpus, tests/fuzz/corpus/NAME, is replayed by ctest under the label fuzz; tools/fuzz goes on
# from there. tests/fuzz/NAME.dict is its dictionary, where there is one.
if(NOT CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  message(FATAL_ERROR "BRAID_WITH_FUZZ needs clang's libFuzzer: use the preset asan or fuzz")
endif()
if(NOT BRAID_SANITIZE MATCHES "fuzzer-no-link")
  message(FATAL_ERROR "BRAID_WITH_FUZZ needs BRAID_SANITIZE=address,undefined,fuzzer-no-link: "
                      "use the preset asan or fuzz")
endif()

function(braid_fuzzer name)
  cmake_parse_arguments(ARG "" "" "DEPS" ${ARGN})
  set(target ${name}_fuzz)
  if(NOT EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/${target}.cc)
    message(WARNING "tests/fuzz/${target}.cc is missing: no target ${target}")
    return()
  endif()
  add_executable(${target} ${target}.cc)
  foreach(dep ${ARG_DEPS})
    target_link_libraries(${target} PRIVATE braid_${dep})
  endforeach()
  target_link_libraries(${target} PRIVATE braid_warnings)
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR})
  target_link_options(${target} PRIVATE -fsanitize=fuzzer)
  if(BRAID_WITH_TESTS)
    add_test(NAME Fuzz.${name}ReplaysItsCorpus
      COMMAND ${target} -runs=0 -timeout=10 ${CMAKE_CURRENT_SOURCE_DIR}/corpus/${name})
    set_tests_properties(Fuzz.${name}ReplaysItsCorpus PROPERTIES LABELS fuzz TIMEOUT 120)
  endif()
endfunction()
