# bench/CMakeLists.txt includes this.
find_package(CLI11 REQUIRED)
add_executable(make_model make_model.cc)
target_link_libraries(make_model PRIVATE braid_random_model braid_warnings CLI11::CLI11)
