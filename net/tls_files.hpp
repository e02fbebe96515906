#pragma once

#include "core/checked.hpp"
#include "net/openssl.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace troupe::net {

/// What a PEM file of an authority holds.
struct trust_content {
  std::vector<certificate_ptr> certificates;
  std::vector<crl_ptr> revocation_lists;
};

/// The certificate in a PEM file and those that lead to its authority, in the
/// order of the file; at least one. Blocks, as all of these do.
checked<std::vector<certificate_ptr>>
read_certificate_chain(const std::string& path);

/// The private key in a PEM file.
checked<key_ptr> read_private_key(const std::string& path);

/// Certificates and revocation lists in a PEM file.
checked<trust_content> read_trust(const std::string& path);

/// Diffie-Hellman parameters in a PEM file.
checked<key_ptr> read_dh_parameters(const std::string& path);

/// Whether everybody on this machine can read the file.
bool everybody_can_read(const std::string& path) noexcept;

/// What an operator should know of the dates of a certificate or a revocation
/// list that is now used, for example that it expired; empty: nothing.
std::string date_warning(const X509& certificate, const std::string& path);
std::string date_warning(const X509_CRL& list, const std::string& path);

} // namespace troupe::net
