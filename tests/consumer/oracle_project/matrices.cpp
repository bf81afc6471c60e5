// The second library from outside: LAPACK and xtensor come with the target.
#include <halfulp/matrices/symmetric_eigen.hpp>
#include <iostream>

int main() {
    const halfulp::matrix a{{2.0, 1.0}, {1.0, 2.0}};
    const halfulp::symmetric_eigen e = halfulp::eigen_of(a);
    std::cout << e.values(0) << " " << e.values(1) << "\n";
}
