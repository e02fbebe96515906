// The main function of every test program: CAF's own runner.
#include <caf/test/unit_test.hpp>
#include <caf/test/unit_test_impl.hpp>
