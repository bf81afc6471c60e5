// Runs bodies on the host, thread by thread: memory is memory, a launch is a loop. The tests judge the bodies with it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <vector>

#include "thread_context.hpp"

namespace halfulp::cuda {

class host_machine {
  public:
    /// The grid of every launch. `faulty`: the first byte of everything that is copied out has its last bit flipped, so that
    /// a test can see whether a comparison would notice.
    explicit host_machine(std::uint32_t grid_size = 3, std::uint32_t block_size = 32, bool faulty = false)
        : grid_size_(grid_size), block_size_(block_size), faulty_(faulty) {}

    template <class T>
    class array {
      public:
        array(host_machine& machine, std::size_t count) : data_(count), faulty_(machine.faulty_) {}
        array(host_machine& machine, std::span<const T> from)
            : data_(from.begin(), from.end()), faulty_(machine.faulty_) {}

        [[nodiscard]] T* data() { return data_.data(); }
        void copy_to(std::span<T> out) const {
            std::copy_n(data_.begin(), out.size(), out.begin());
            if (faulty_ && !out.empty()) *reinterpret_cast<unsigned char*>(out.data()) ^= 1;
        }

      private:
        std::vector<T> data_;
        bool faulty_;
    };

    template <class Body, class... Arguments>
    void launch(std::uint64_t /*threads*/, const Body& body, Arguments... arguments) {
        host_launch(grid_size_, block_size_, body, arguments...);
    }

  private:
    std::uint32_t grid_size_;
    std::uint32_t block_size_;
    bool faulty_;
};

}  // namespace halfulp::cuda
