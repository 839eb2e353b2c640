#include "tun/interface_names.h"

#include <net/if.h>

namespace twinspan::tun {

std::set<std::string, std::less<>> interface_names() {
  std::set<std::string, std::less<>> names;
  struct if_nameindex* const list = ::if_nameindex();
  if (list == nullptr) return names;
  for (const struct if_nameindex* entry = list; entry->if_index != 0; ++entry)
    names.insert(entry->if_name);
  ::if_freenameindex(list);
  return names;
}

}  // namespace twinspan::tun
