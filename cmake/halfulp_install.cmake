# cmake --install, and the package files by which find_package(halfulp) finds the result.
include(CMakePackageConfigHelpers)

set(package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/halfulp")
configure_package_config_file(
  "${CMAKE_CURRENT_LIST_DIR}/halfulp-config.cmake.in" "${PROJECT_BINARY_DIR}/halfulp-config.cmake"
  INSTALL_DESTINATION "${package_dir}")
# Before 1.0 a minor version may change the interface.
write_basic_package_version_file("${PROJECT_BINARY_DIR}/halfulp-config-version.cmake" COMPATIBILITY SameMinorVersion)

# The component keeps these files out of the Python wheel, which installs the component "python" alone.
install(TARGETS halfulp EXPORT halfulp-targets COMPONENT cxx
  ARCHIVE COMPONENT cxx LIBRARY COMPONENT cxx RUNTIME COMPONENT cxx FILE_SET HEADERS COMPONENT cxx)
install(EXPORT halfulp-targets NAMESPACE halfulp:: DESTINATION "${package_dir}" COMPONENT cxx)
if(TARGET halfulp_matrices)
  install(TARGETS halfulp_matrices EXPORT halfulp-matrices-targets COMPONENT cxx
    ARCHIVE COMPONENT cxx LIBRARY COMPONENT cxx RUNTIME COMPONENT cxx FILE_SET HEADERS COMPONENT cxx)
  install(EXPORT halfulp-matrices-targets NAMESPACE halfulp:: DESTINATION "${package_dir}" COMPONENT cxx)
endif()
if(TARGET halfulp_scaling)
  install(TARGETS halfulp_scaling EXPORT halfulp-scaling-targets COMPONENT cxx
    ARCHIVE COMPONENT cxx LIBRARY COMPONENT cxx RUNTIME COMPONENT cxx FILE_SET HEADERS COMPONENT cxx)
  install(EXPORT halfulp-scaling-targets NAMESPACE halfulp:: DESTINATION "${package_dir}" COMPONENT cxx)
endif()
install(
  FILES "${PROJECT_BINARY_DIR}/halfulp-config.cmake" "${PROJECT_BINARY_DIR}/halfulp-config-version.cmake"
  DESTINATION "${package_dir}" COMPONENT cxx)
install(FILES "${PROJECT_SOURCE_DIR}/LICENSE" DESTINATION "${CMAKE_INSTALL_DOCDIR}" COMPONENT cxx)
