# Writes the profiles as one source file, so that the program needs none of them at run time.
function(embed_profiles output)
  set(entries "")
  foreach(name ${ARGN})
    set(file ${CMAKE_CURRENT_SOURCE_DIR}/profiles/${name}.yaml)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
    file(READ ${file} text)
    string(APPEND entries "    {\"${name}\", R\"profile(${text})profile\"},\n")
  endforeach()
  string(CONCAT source
    "// Written by planner/cost/embed_profiles.cmake from planner/cost/profiles.\n"
    "#include \"planner/cost/builtin_profiles.h\"\n\n"
    "namespace braid {\nnamespace {\n\n"
    "constexpr EmbeddedProfile kProfiles[] = {\n${entries}};\n\n"
    "}  // namespace\n\n"
    "std::span<const EmbeddedProfile> EmbeddedProfiles() { return kProfiles; }\n\n"
    "}  // namespace braid\n")
  # Unchanged text keeps its time stamp, so nothing is built again for it.
  file(CONFIGURE OUTPUT ${output} CONTENT "@source@" @ONLY)
endfunction()
