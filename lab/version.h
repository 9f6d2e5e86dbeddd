/* version.h -- the version that run records name. It changes with every change of results. CMake reads both lines, for
 * packages. */
#ifndef COVM_VERSION_H
#define COVM_VERSION_H

#define COVM_VERSION "0.1.0"
#define COVM_DATE "2026-11-30"

#endif
