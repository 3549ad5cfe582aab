# -DBRAID_SANITIZE=address,undefined or =thread instruments everything of ours.
set(BRAID_SANITIZE "" CACHE STRING "Sanitizers, as -fsanitize= takes them")
if(BRAID_SANITIZE)
  add_compile_options(-fsanitize=${BRAID_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${BRAID_SANITIZE})
endif()
