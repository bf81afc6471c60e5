#include <halfulp/halfulp.hpp>

#include <iostream>

int main() {
    std::cout << HALFULP_VERSION_MAJOR << '.' << HALFULP_VERSION_MINOR << '.' << HALFULP_VERSION_PATCH << '\n';
}
