# ts_pytest(FILE file.py LABEL label [SERIAL] [TIMEOUT seconds]): each test function of the file is
# known to ctest as LABEL.file.function. They need root; without it they fail, they are never
# skipped.
function(ts_pytest)
  cmake_parse_arguments(ARG "SERIAL" "FILE;LABEL;TIMEOUT" "" ${ARGN})
  set(path ${CMAKE_CURRENT_SOURCE_DIR}/${ARG_FILE})
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${path})
  file(STRINGS ${path} functions REGEX "^def test_[a-z0-9_]+")
  if(NOT functions)
    message(FATAL_ERROR "${path} has no test function")
  endif()
  get_filename_component(stem ${ARG_FILE} NAME_WE)
  get_filename_component(folder ${ARG_FILE} DIRECTORY)
  string(REGEX REPLACE "^test_" "" stem ${stem})
  if(folder)
    set(stem ${folder}.${stem})
  endif()
  # ctest ends a test that takes too long by SIGKILL; before that it gets the chance to clean up.
  math(EXPR patience "${ARG_TIMEOUT} - 20")
  foreach(line ${functions})
    string(REGEX REPLACE "^def (test_[a-z0-9_]+).*" "\\1" function ${line})
    string(REGEX REPLACE "^test_" "" short ${function})
    set(name ${ARG_LABEL}.${stem}.${short})
    add_test(NAME ${name}
      COMMAND timeout ${patience} /usr/bin/python3 -B -m pytest -q -p no:cacheprovider --no-header ${path}::${function})
    set_tests_properties(${name} PROPERTIES LABELS ${ARG_LABEL} TIMEOUT ${ARG_TIMEOUT}
      ENVIRONMENT "TWINSPAN_BIN=${CMAKE_RUNTIME_OUTPUT_DIRECTORY}")
    if(ARG_SERIAL)
      set_tests_properties(${name} PROPERTIES RUN_SERIAL ON)
    endif()
  endforeach()
endfunction()
