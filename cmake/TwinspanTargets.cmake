# The one place that knows warning and sanitizer flags.

add_library(ts_flags INTERFACE)
target_include_directories(ts_flags INTERFACE ${CMAKE_SOURCE_DIR})
# Designated initializers name what differs from the defaults; what they leave out is meant to be left out.
target_compile_options(ts_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror -Wno-missing-field-initializers)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # g++ 12 reports false overlaps in std::string (GCC bug 105651).
  target_compile_options(ts_flags INTERFACE -Wno-restrict)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  # clang 19 calls what libstdc++ 12 does inside its own stable algorithms deprecated; g++ still checks ours.
  target_compile_options(ts_flags INTERFACE -Wno-deprecated-declarations)
endif()
if(TWINSPAN_SANITIZE)
  target_compile_options(ts_flags INTERFACE
    -fsanitize=${TWINSPAN_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(ts_flags INTERFACE -fsanitize=${TWINSPAN_SANITIZE})
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # g++ 12 reports false maybe-uninitialized and array-bounds findings in sanitized standard headers.
    target_compile_options(ts_flags INTERFACE -Wno-maybe-uninitialized -Wno-array-bounds -Wno-stringop-overflow)
  endif()
endif()

# ts_library(NAME SOURCES... [PUBLIC libs...] [PRIVATE libs...])
function(ts_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;PUBLIC;PRIVATE" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  target_link_libraries(${name} PUBLIC ts_flags ${ARG_PUBLIC} PRIVATE ${ARG_PRIVATE})
endfunction()

# ts_test(NAME LABEL label SOURCES... LIBS...): one GoogleTest program, each of its tests known to ctest.
function(ts_test name)
  cmake_parse_arguments(ARG "" "LABEL" "SOURCES;LIBS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE ts_flags ${ARG_LIBS} GTest::gtest GTest::gmock GTest::gtest_main)
  gtest_discover_tests(${name} DISCOVERY_MODE PRE_TEST PROPERTIES LABELS ${ARG_LABEL} TIMEOUT 300)
endfunction()
