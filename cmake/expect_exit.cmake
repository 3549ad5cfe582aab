# cmake -DEXPECT_EXIT=code [-DEXPECT_OUTPUT=regex] -P expect_exit.cmake -- COMMAND ARGS...
#
# Succeeds when COMMAND ends within 15 s with the code and says what matches.
set(command)
set(after_dashes OFF)
math(EXPR last "${CMAKE_ARGC} - 1")
foreach(i RANGE ${last})
  if(after_dashes)
    list(APPEND command "${CMAKE_ARGV${i}}")
  elseif(CMAKE_ARGV${i} STREQUAL "--")
    set(after_dashes ON)
  endif()
endforeach()

execute_process(COMMAND ${command} TIMEOUT 15
  RESULT_VARIABLE code OUTPUT_VARIABLE output ERROR_VARIABLE output)
if(NOT code STREQUAL EXPECT_EXIT)
  message(FATAL_ERROR "ended with ${code}, not ${EXPECT_EXIT}, and said:\n${output}")
endif()
if(EXPECT_OUTPUT AND NOT output MATCHES "${EXPECT_OUTPUT}")
  message(FATAL_ERROR "said nothing like \"${EXPECT_OUTPUT}\":\n${output}")
endif()
