# The three functions with which every folder describes itself, and the flags that all code shares.
#
#   tiffin_library(<target> [SOURCES a.cpp ...] [DEPS other ...])       no SOURCES: a header-only (INTERFACE) library
#   tiffin_test(<target> SOURCES foo_test.cpp ... [DEPS other ...])     GoogleTest; host builds only, ignored elsewhere
#   tiffin_fuzz(<name>_fuzz SOURCES x_fuzz.cpp [DEPS ...])              libFuzzer; the fuzz preset only, ignored elsewhere

include_guard(GLOBAL)

option(TIFFIN_FUZZ "Build the libFuzzer targets instead of the unit tests" OFF)
option(TIFFIN_SANITIZE "Build with AddressSanitizer and UndefinedBehaviorSanitizer" OFF)
option(TIFFIN_COVERAGE "Count which lines the unit tests reach" OFF)

# The toolchain files name a system without an OS: that is what makes a build a target build.
if(CMAKE_SYSTEM_NAME STREQUAL "Generic")
    set(TIFFIN_TARGET ON)
else()
    set(TIFFIN_TARGET OFF)
endif()

set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
# Optimised with symbols, and assertions stay: there is one kind of build, and it is the one that is tested.
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O2 -g")
set(CMAKE_ASM_FLAGS_RELWITHDEBINFO "-g")

find_program(TIFFIN_CCACHE ccache)
if(TIFFIN_CCACHE)
    set(CMAKE_CXX_COMPILER_LAUNCHER ${TIFFIN_CCACHE})
endif()

# The prefix map keeps this machine's paths out of what is built, so that the same source gives the same bytes anywhere.
add_library(tiffin_flags INTERFACE)
target_include_directories(tiffin_flags INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_options(tiffin_flags INTERFACE
    -ffile-prefix-map=${PROJECT_SOURCE_DIR}/=
    $<$<COMPILE_LANGUAGE:CXX>:-Wall -Wextra -Werror -Wshadow -Wundef -Wvla -Wimplicit-fallthrough>)

if(TIFFIN_TARGET)
    # -mgeneral-regs-only: FP/SIMD registers belong to the guests (but for `asm` that gives them back). -mstrict-align: memory is Device while the MMU is off.
    # -mno-outline-atomics: there is no libgcc start-up code to ask which atomics the core has.
    # -fpie with hidden visibility: code and jump tables are relative, whatever way the executable is linked.
    target_compile_options(tiffin_flags INTERFACE -mgeneral-regs-only $<$<COMPILE_LANGUAGE:CXX>:
        -ffreestanding -fno-exceptions -fno-rtti -fno-threadsafe-statics -fno-asynchronous-unwind-tables -fno-unwind-tables
        -mno-outline-atomics -mstrict-align -fno-stack-protector -ffunction-sections -fdata-sections
        -fpie -fvisibility=hidden -fno-common -fno-omit-frame-pointer -momit-leaf-frame-pointer>)
    target_link_options(tiffin_flags INTERFACE -nostdlib -Wl,--gc-sections -Wl,--build-id=none)
endif()

# With sanitizers, -O1 and line tables: reports stay exact, and the build takes half the time.
set(TIFFIN_INSTRUMENTS "")
if(TIFFIN_FUZZ)
    set(TIFFIN_INSTRUMENTS -g1 -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
elseif(TIFFIN_SANITIZE)
    set(TIFFIN_INSTRUMENTS -O1 -g1 -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
elseif(TIFFIN_COVERAGE)
    set(TIFFIN_INSTRUMENTS --coverage -O0 -fprofile-abs-path)
endif()
target_compile_options(tiffin_flags INTERFACE ${TIFFIN_INSTRUMENTS})
target_link_options(tiffin_flags INTERFACE ${TIFFIN_INSTRUMENTS})

if(NOT TIFFIN_TARGET AND NOT TIFFIN_FUZZ)
    find_package(GTest REQUIRED)
    include(GoogleTest)
endif()

# Adds each folder that describes itself. (A folder that comes later is noticed by build() of scripts/common.sh.)
function(tiffin_add_folders)
    foreach(folder IN LISTS ARGN)
        if(EXISTS ${PROJECT_SOURCE_DIR}/${folder}/CMakeLists.txt)
            add_subdirectory(${folder})
        endif()
    endforeach()
endfunction()

function(tiffin_library target)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;DEPS")
    if(arg_SOURCES)
        add_library(${target} STATIC ${arg_SOURCES})
        target_link_libraries(${target} PUBLIC tiffin_flags ${arg_DEPS})
    else()
        add_library(${target} INTERFACE)
        target_link_libraries(${target} INTERFACE tiffin_flags ${arg_DEPS})
    endif()
endfunction()

# Sources on the way of a trap, a switch or an interrupt: for the target, compiled for speed rather than size.
function(tiffin_hot)
    if(TIFFIN_TARGET)
        set_source_files_properties(${ARGN} PROPERTIES COMPILE_OPTIONS -O2)
    endif()
endfunction()

function(tiffin_test target)
    if(TIFFIN_TARGET OR TIFFIN_FUZZ)
        return()
    endif()
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;DEPS")
    add_executable(${target} ${arg_SOURCES})
    target_link_libraries(${target} PRIVATE tiffin_flags ${arg_DEPS} GTest::gtest_main GTest::gtest)
    # PRE_TEST: a build never runs what it built. Tests run in the source tree, where their golden files are.
    gtest_discover_tests(${target} DISCOVERY_MODE PRE_TEST WORKING_DIRECTORY ${PROJECT_SOURCE_DIR}
        PROPERTIES TIMEOUT 120 LABELS ${target})
endfunction()

# Each fuzzer is one line of build/fuzz/fuzzers.txt, "executable corpus-folder"; scripts/test.sh runs that list. A fuzzer's corpus is
# tests/fuzz/corpus/<name>.
function(tiffin_fuzz target)
    if(NOT TIFFIN_FUZZ)
        return()
    endif()
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;DEPS")
    add_executable(${target} ${arg_SOURCES})
    target_link_libraries(${target} PRIVATE tiffin_flags ${arg_DEPS})
    target_link_options(${target} PRIVATE -fsanitize=fuzzer)
    string(REGEX REPLACE "_fuzz$" "" name ${target})
    set(corpus ${PROJECT_SOURCE_DIR}/tests/fuzz/corpus/${name})
    set_property(GLOBAL APPEND_STRING PROPERTY TIFFIN_FUZZERS "$<TARGET_FILE:${target}> ${corpus}\n")
endfunction()

# Called last by the root, when every folder has spoken.
function(tiffin_write_fuzzer_list)
    if(TIFFIN_FUZZ)
        get_property(list GLOBAL PROPERTY TIFFIN_FUZZERS)
        file(GENERATE OUTPUT ${PROJECT_BINARY_DIR}/fuzzers.txt CONTENT "${list}")
    endif()
endfunction()
