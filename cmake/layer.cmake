# add_layer(NAME SOURCES ... [DEPS ...] [FOREIGN ...])
#
# One static library braid_NAME. DEPS are our layers (checked against the includes by
# tools/check_layers.py), FOREIGN are other people's targets; foreign headers that do not appear in
# ours are linked PRIVATE by the caller instead.
find_package(Threads REQUIRED)

add_library(braid_warnings INTERFACE)
target_compile_options(braid_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wnon-virtual-dtor -Woverloaded-virtual
  -Wold-style-cast)
option(BRAID_WERROR "Treat warnings as errors" OFF)
if(BRAID_WERROR)
  target_compile_options(braid_warnings INTERFACE -Werror)
endif()

# Results must not depend on the compiler's liberty to fuse a*b+c: where we want an FMA we write it.
add_compile_options(-ffp-contract=off)

function(add_layer name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS;FOREIGN" ${ARGN})
  add_library(braid_${name} STATIC ${ARG_SOURCES})
  target_include_directories(braid_${name} PUBLIC ${PROJECT_SOURCE_DIR})
  foreach(dep ${ARG_DEPS})
    target_link_libraries(braid_${name} PUBLIC braid_${dep})
  endforeach()
  target_link_libraries(braid_${name} PRIVATE braid_warnings PUBLIC Threads::Threads ${ARG_FOREIGN})
endfunction()
