#pragma once

#include <atomic>
#include <cstdint>
#include <utility>

namespace troupe {

/// A pointer that shares ownership through `T::add_ref` and `T::release`, both
/// const and thread-safe.
template <class T>
class ref_ptr {
public:
  ref_ptr() noexcept = default;
  ref_ptr(std::nullptr_t) noexcept {}
  /// Takes over one reference when `add_ref` is false.
  explicit ref_ptr(T* raw, bool add_ref = true) noexcept : raw_(raw) {
    if (raw_ != nullptr && add_ref)
      raw_->add_ref();
  }
  ref_ptr(const ref_ptr& other) noexcept : ref_ptr(other.raw_) {}
  ref_ptr(ref_ptr&& other) noexcept
      : raw_(std::exchange(other.raw_, nullptr)) {}
  template <class U>
  ref_ptr(ref_ptr<U> other) noexcept : raw_(other.detach()) {}
  ref_ptr& operator=(ref_ptr other) noexcept {
    std::swap(raw_, other.raw_);
    return *this;
  }
  ~ref_ptr() {
    if (raw_ != nullptr)
      raw_->release();
  }

  T* get() const noexcept { return raw_; }
  T& operator*() const noexcept { return *raw_; }
  T* operator->() const noexcept { return raw_; }
  explicit operator bool() const noexcept { return raw_ != nullptr; }

  /// Gives up ownership without releasing it.
  T* detach() noexcept { return std::exchange(raw_, nullptr); }
  void reset() noexcept { *this = ref_ptr{}; }

  friend bool operator==(const ref_ptr&, const ref_ptr&) noexcept = default;

private:
  T* raw_ = nullptr;
};

} // namespace troupe
