// Refuses requests without the key that the configuration is: ../README.md says what each language's filter does. The C++ SDK is in no
// registry, so this stands on the ABI itself, with the standard library of WASI.
#include <cstdint>
#include <cstdlib>
#include <map>
#include <string>
#include <string_view>

#define HOST(name) extern "C" __attribute__((import_module("env"), import_name(#name))) uint32_t name
#define EXPORT(name) extern "C" __attribute__((export_name(#name)))

HOST(proxy_log)(uint32_t level, const char* message, size_t size);
HOST(proxy_get_buffer_bytes)(uint32_t type, size_t start, size_t length, char** value, size_t* size);
HOST(proxy_get_header_map_value)(uint32_t map, const char* key, size_t key_size, char** value, size_t* size);
HOST(proxy_add_header_map_value)(uint32_t map, const char* key, size_t key_size, const char* value, size_t size);
HOST(proxy_send_local_response)
(uint32_t status, const char* details, size_t details_size, const char* body, size_t body_size, const char* headers,
 size_t headers_size, uint32_t grpc_status);

namespace {

constexpr uint32_t kRequestHeaders = 0;
constexpr uint32_t kPluginConfiguration = 7;
constexpr uint32_t kError = 4;

// Keys of root contexts, and the root context of each stream.
std::map<uint32_t, std::string> keys;
std::map<uint32_t, uint32_t> roots;

std::string take(char* value, size_t size) {
  std::string text(value, size);
  std::free(value);
  return text;
}

}  // namespace

EXPORT(proxy_abi_version_0_2_1) void marker() {}

EXPORT(proxy_on_memory_allocate) void* allocate(size_t size) { return std::malloc(size); }

EXPORT(proxy_on_context_create) void create(uint32_t id, uint32_t root) {
  if (root != 0) roots[id] = root;
}

EXPORT(proxy_on_vm_start) uint32_t start(uint32_t, uint32_t) { return 1; }

EXPORT(proxy_on_configure) uint32_t configure(uint32_t id, uint32_t size) {
  char* value = nullptr;
  size_t length = 0;
  if (size == 0 || proxy_get_buffer_bytes(kPluginConfiguration, 0, size, &value, &length) != 0 || length == 0) {
    constexpr std::string_view message = "no key is configured";
    proxy_log(kError, message.data(), message.size());
    return 0;
  }
  keys[id] = take(value, length);
  return 1;
}

EXPORT(proxy_on_request_headers) uint32_t request_headers(uint32_t id, uint32_t, uint32_t) {
  constexpr std::string_view header = "x-api-key";
  char* value = nullptr;
  size_t length = 0;
  const bool has_key = proxy_get_header_map_value(kRequestHeaders, header.data(), header.size(), &value, &length) == 0;
  if (!has_key || take(value, length) != keys[roots[id]]) {
    constexpr std::string_view body = "a key is wanted\n";
    proxy_send_local_response(401, nullptr, 0, body.data(), body.size(), nullptr, 0, UINT32_MAX);
    return 1;
  }
  constexpr std::string_view name = "x-key";
  constexpr std::string_view right = "right";
  proxy_add_header_map_value(kRequestHeaders, name.data(), name.size(), right.data(), right.size());
  return 0;
}

EXPORT(proxy_on_delete) void forget(uint32_t id) { roots.erase(id); }
