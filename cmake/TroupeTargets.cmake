# How troupe declares its targets: one function per kind.

# Compile settings shared by every target of ours.
add_library(troupe_settings INTERFACE)
target_include_directories(troupe_settings
                           INTERFACE ${CMAKE_CURRENT_SOURCE_DIR})
target_compile_options(
  troupe_settings
  INTERFACE -Wall -Wextra -Wpedantic
            # g++ 12 and 13 see an overlap in "text" + std::to_string(n) at -O3
            # that is not there (GCC bug 105329).
            $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>
            $<$<BOOL:${TROUPE_WERROR}>:-Werror>)
if(TROUPE_SANITIZE)
  # CAF's own headers call through null in places: see docs/architecture.md.
  set(_sanitize -fsanitize=address,undefined -fno-sanitize=null,vptr
                -fno-sanitize-recover=undefined -fno-omit-frame-pointer)
  target_compile_options(troupe_settings INTERFACE ${_sanitize}
                                                   -Wno-maybe-uninitialized)
  target_link_options(troupe_settings INTERFACE ${_sanitize})
endif()
target_compile_definitions(troupe_settings
                           INTERFACE TROUPE_VERSION="${PROJECT_VERSION}")

# troupe_library(NAME DEPENDENCY...): the static library of the folder NAME.
function(troupe_library name)
  file(GLOB sources CONFIGURE_DEPENDS
       ${CMAKE_CURRENT_SOURCE_DIR}/${name}/*.cpp
       ${CMAKE_CURRENT_SOURCE_DIR}/${name}/*.hpp)
  add_library(troupe_${name} STATIC ${sources})
  set_target_properties(troupe_${name} PROPERTIES LINKER_LANGUAGE CXX)
  target_link_libraries(troupe_${name} PUBLIC troupe_settings ${ARGN})
  add_library(troupe::${name} ALIAS troupe_${name})
endfunction()

# troupe_suites(FOLDER DEPENDENCY...): one test program for tests/FOLDER and
# one CTest entry per file in it, named FOLDER.FILE like its suite.
function(troupe_suites folder)
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${folder}/*.cpp)
  if(NOT sources)
    return()
  endif()
  add_executable(test_${folder} ${sources} ${CMAKE_CURRENT_SOURCE_DIR}/support/main.cpp)
  target_link_libraries(test_${folder} PRIVATE ${ARGN} CAF::core)
  foreach(source IN LISTS sources)
    get_filename_component(suite ${source} NAME_WE)
    set_source_files_properties(
      ${source} PROPERTIES COMPILE_DEFINITIONS "CAF_SUITE=${folder}.${suite}")
    add_test(NAME ${folder}.${suite}
             COMMAND ${CMAKE_SOURCE_DIR}/tests/support/run-suite
                     $<TARGET_FILE:test_${folder}> ${folder}.${suite})
    set_tests_properties(${folder}.${suite} PROPERTIES TIMEOUT 180)
  endforeach()
endfunction()
