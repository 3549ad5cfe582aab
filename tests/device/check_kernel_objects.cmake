# Fails where an object compiled for one instruction set defines a weak symbol (an inline function
# or template of a header) or an external one beside its table: the linker could then run code for
# AVX-512 on a CPU without it.
set(checked 0)
foreach(object ${OBJECTS})
  if(NOT object MATCHES "kernels_(avx2|avx512|scalar)")
    continue()
  endif()
  math(EXPR checked "${checked} + 1")
  execute_process(COMMAND ${NM} --defined-only ${object} OUTPUT_VARIABLE symbols
    COMMAND_ERROR_IS_FATAL ANY)
  string(REGEX MATCHALL "[^\n]+ [A-Zuvw] [^\n]+" external "${symbols}")
  foreach(symbol ${external})
    if(NOT symbol MATCHES " T _ZN5braid[0-9]+(Scalar|Avx2|Avx512)KernelsEv$")
      message(SEND_ERROR "${object} defines ${symbol}")
    endif()
  endforeach()
endforeach()
if(NOT checked EQUAL 3)
  message(FATAL_ERROR "expected 3 kernel objects, found ${checked} in: ${OBJECTS}")
endif()
