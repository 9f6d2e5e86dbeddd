# What `cmake --install` puts below the prefix, and the Debian package that CPack makes of it. The program finds the
# rest from its own place (lab/paths.h), so that any prefix will do, and the tree may be moved.
#
#   cmake --build build/release --target covm_documents    the program, and what is made from its tables
#   cmake --install build/release --prefix ~/.local        (DESTDIR is heeded)
#   cd build/release && cpack -G DEB
set(shared share/covm)
set(documents ${CMAKE_BINARY_DIR}/documents)
set(maintainer "the covm authors <covm@localhost>" CACHE STRING "Who stands for the Debian package: NAME <ADDRESS>")
mark_as_advanced(maintainer)

# Debian wants a list of changes; it tells no more than the version.
execute_process(COMMAND date -u -R -d ${COVM_DATE} OUTPUT_VARIABLE date OUTPUT_STRIP_TRAILING_WHITESPACE)
set(changes "covm (${PROJECT_VERSION}) unstable; urgency=medium\n\n  * Version ${PROJECT_VERSION}.\n\n")
file(CONFIGURE OUTPUT ${documents}/changelog CONTENT "${changes} -- ${maintainer}  ${date}\n")

file(GLOB machines CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/configs/machines/*.yaml)
add_custom_command(
  OUTPUT ${documents}/covm.1.gz ${documents}/covm.bash ${documents}/reference.md ${documents}/changelog.gz
  COMMAND covm_program reference man > covm.1
  COMMAND covm_program reference bash > covm.bash
  COMMAND covm_program reference markdown > reference.md
  COMMAND gzip -9nf covm.1
  COMMAND gzip -9nkf changelog
  WORKING_DIRECTORY ${documents}
  DEPENDS covm_program ${machines} ${CMAKE_SOURCE_DIR}/workloads/workloads.yaml ${CMAKE_SOURCE_DIR}/workloads/real.yaml
          ${documents}/changelog
  VERBATIM)
add_custom_target(covm_documents ALL DEPENDS ${documents}/covm.1.gz)
set(CMAKE_SKIP_INSTALL_ALL_DEPENDENCY ON) # the tests need not be built

install(TARGETS covm_program RUNTIME DESTINATION bin)
set(executable PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
install(DIRECTORY configs workloads DESTINATION ${shared} PATTERN fetch.sh ${executable} PATTERN make.sh ${executable})
install(DIRECTORY results DESTINATION ${shared} FILES_MATCHING PATTERN *.gp PATTERN reference EXCLUDE)
install(FILES ${documents}/covm.1.gz DESTINATION share/man/man1)
install(FILES ${documents}/covm.bash DESTINATION share/bash-completion/completions RENAME covm)
install(FILES README.md ${documents}/reference.md ${documents}/changelog.gz DESTINATION share/doc/covm)
install(FILES LICENSE DESTINATION share/doc/covm RENAME copyright)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME covm)
set(CPACK_PACKAGE_CONTACT "${maintainer}")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ
                                                WORLD_EXECUTE)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION science)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "gcc, gcc-multilib, gnuplot-nox, graphviz")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "bash-completion, dpkg-dev, make, patch, qemu-user")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "simulator of a co-designed virtual machine")
set(CPACK_PACKAGE_DESCRIPTION
    "covm simulates a processor that is half silicon, half software: a VLIW that
has never heard of x86, and concealed software that interprets cold x86 code,
translates hot code into scheduled bundles, and rolls back where a translation
meets a trap that must be precise, as Transmeta's Crusoe and Efficeon did.

It runs static i386 Linux programs with full timing, and tells for every cycle
what the machine was doing, and why.")
include(CPack)
