#include "tun/nftables.h"

#include <linux/netlink.h>
#include <nftables/libnftables.h>
#include <sys/socket.h>

#include <cerrno>
#include <memory>
#include <string_view>

#include "tun/linux_host_error.h"
#include "tun/unique_fd.h"

namespace twinspan::tun {
namespace {

struct FreeContext {
  void operator()(nft_ctx* context) const { ::nft_ctx_free(context); }
};
using Context = std::unique_ptr<nft_ctx, FreeContext>;

// The library ends the process when it gets no socket, so one is tried before.
Result<Context, std::string> open_context() {
  const UniqueFd probe(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER));
  if (!probe) return Err(errno_text(errno));
  Context context(::nft_ctx_new(NFT_CTX_DEFAULT));
  if (!context) return Err<std::string>("libnftables does not start");
  ::nft_ctx_buffer_output(context.get());
  ::nft_ctx_buffer_error(context.get());
  return context;
}

// "internal:0:0-0: Error: Could not process rule: Operation not permitted" and the line it is
// about.
std::string first_error(std::string_view text) {
  constexpr std::string_view kMark = "Error: ";
  const size_t at = text.find(kMark);
  if (at != std::string_view::npos) text.remove_prefix(at + kMark.size());
  text = text.substr(0, text.find('\n'));
  return text.empty() ? "refused without a reason" : std::string(text);
}

Result<std::string, std::string> run(nft_ctx* context, const std::string& commands) {
  if (::nft_run_cmd_from_buffer(context, commands.c_str()) != 0) {
    const char* const said = ::nft_ctx_get_error_buffer(context);
    return Err(first_error(said == nullptr ? "" : said));
  }
  const char* const output = ::nft_ctx_get_output_buffer(context);
  return std::string(output == nullptr ? "" : output);
}

// What kernels without nf_tables, or without netfilter's sockets, say.
bool is_absence(const std::string& error) {
  for (const int code : {EPROTONOSUPPORT, EOPNOTSUPP, EINVAL}) {
    if (error.ends_with(errno_text(code))) return true;
  }
  return false;
}

bool has_line(std::string_view text, const std::string& line) {
  return ("\n" + std::string(text)).find("\n" + line + "\n") != std::string::npos;
}

}  // namespace

Result<void, std::string> run_nftables(const std::string& commands) {
  TRY_ASSIGN(const Context context, open_context());
  TRY(run(context.get(), commands));
  return {};
}

Result<std::string, std::string> read_nftables_table(const std::string& table) {
  const auto context = open_context();
  const auto tables = context ? run(context->get(), "list tables inet")
                              : Result<std::string, std::string>(Err(context.error()));
  if (!tables && is_absence(tables.error())) return std::string();
  TRY(tables);
  if (!has_line(*tables, "table inet " + table)) return std::string();
  ::nft_ctx_output_set_flags(context->get(), NFT_CTX_OUTPUT_JSON);
  return run(context->get(), "list table inet " + table);
}

}  // namespace twinspan::tun
