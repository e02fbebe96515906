// The main function of micro_bench: Google Benchmark's own.
#include <benchmark/benchmark.h>

