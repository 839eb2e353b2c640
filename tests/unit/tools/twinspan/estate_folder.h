// A folder with estate files and keys that is gone when the test ends.
#pragma once

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace twinspan::tools {

class EstateFolder : public testing::Test {
 protected:
  EstateFolder() : folder_(testing::TempDir() + "estate-" + std::to_string(::getpid())) {
    std::filesystem::create_directories(folder_);
  }
  ~EstateFolder() override { std::filesystem::remove_all(folder_); }

  std::string path(const std::string& name) const { return folder_ + "/" + name; }
  std::string write(const std::string& name, const std::string& content, mode_t mode = 0600) {
    std::filesystem::create_directories(std::filesystem::path(path(name)).parent_path());
    std::ofstream(path(name), std::ios::binary | std::ios::trunc) << content;
    ::chmod(path(name).c_str(), mode);
    return path(name);
  }

 private:
  std::string folder_;
};

// One side of a tunnel between networks 10.OWN.0.0/16 and 10.OTHER.0.0/16.
inline std::string half_of(int own, int other, const std::string& key = "a.psk") {
  const std::string o = std::to_string(own), p = std::to_string(other);
  return "version: 1\nvirtual_networks:\n  net: { address_space: [10." + o +
         ".0.0/16], subnets: { GatewaySubnet: 10." + o +
         ".255.0/27 } }\nvirtual_network_gateways:\n  gw: { virtual_network: net, "
         "ip_configurations: [ { public_ip_address: 192.0.2." +
         o + " } ] }\nlocal_network_gateways:\n  far: { gateway_ip_address: 192.0.2." + p +
         ", address_prefixes: [10." + p +
         ".0.0/16] }\nconnections:\n  to-far: { connection_type: ipsec, virtual_network_gateway1: "
         "gw, local_network_gateway2: far, shared_key: { file: " +
         key + " } }\n";
}

}  // namespace twinspan::tools
