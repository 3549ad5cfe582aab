# braid_mpi_test(NAME RANKS n... TARGET executable [ARGS ...] [EXPECT_EXIT code] [EXPECT_OUTPUT regex])
#
# Runs an executable under mpirun, once for each number of ranks, as ctest cases NAME_2, NAME_4, ...
# labelled multirank. One at a time, and never longer than a minute: a hang is a failure. With
# EXPECT_EXIT the job must end within 15 s with just that code (which is how a job that fails as it
# should is told from one that hangs), and with EXPECT_OUTPUT it must also say what matches.
set(BRAID_MPIRUN_FLAGS
  --oversubscribe                     # more ranks than cores is the normal case of a test
  --bind-to none                      # or ranks pile up on core 0
  --mca mpi_yield_when_idle 1         # a polling rank must let the others run
  --mca btl_tcp_if_include lo         # nothing leaves this machine
  --mca oob_tcp_if_include lo)
# mpirun refuses to run as root, as containers do, without these.
set(BRAID_MPIRUN_ENVIRONMENT OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1)

set(BRAID_EXPECT_EXIT_SCRIPT ${CMAKE_CURRENT_LIST_DIR}/expect_exit.cmake)

function(braid_mpi_test name)
  cmake_parse_arguments(ARG "" "TARGET;EXPECT_EXIT;EXPECT_OUTPUT" "RANKS;ARGS" ${ARGN})
  foreach(ranks ${ARG_RANKS})
    set(command ${MPIEXEC_EXECUTABLE} ${MPIEXEC_NUMPROC_FLAG} ${ranks} ${BRAID_MPIRUN_FLAGS}
                $<TARGET_FILE:${ARG_TARGET}> ${ARG_ARGS})
    if(DEFINED ARG_EXPECT_EXIT)
      set(command ${CMAKE_COMMAND} -DEXPECT_EXIT=${ARG_EXPECT_EXIT}
                  "-DEXPECT_OUTPUT=${ARG_EXPECT_OUTPUT}" -P ${BRAID_EXPECT_EXIT_SCRIPT}
                  -- ${command})
    endif()
    add_test(NAME ${name}_${ranks} COMMAND ${command})
    set_tests_properties(${name}_${ranks} PROPERTIES
      LABELS multirank TIMEOUT 60 RUN_SERIAL ON
      ENVIRONMENT "${BRAID_MPIRUN_ENVIRONMENT}")
  endforeach()
endfunction()
