/* version.h -- the version that run records name. It changes with every change of results. */
#ifndef COVM_VERSION_H
#define COVM_VERSION_H

#define COVM_VERSION "0.1.0"

#endif
