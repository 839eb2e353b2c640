#include "ike/core/key_export.h"

namespace twinspan::ike {

void export_keys(Context& context, const IkeSa& sa) {
  if (!context.options.export_keys) return;
  const IkeKeys& keys = sa.keys;
  context.outbox.emit(EventIkeKeys{.initiator_spi = sa.spi_i,
                                   .responder_spi = sa.spi_r,
                                   .suite = sa.suite,
                                   .keys = {.d = keys.d.copy(),
                                            .ai = keys.ai.copy(),
                                            .ar = keys.ar.copy(),
                                            .ei = keys.ei.copy(),
                                            .er = keys.er.copy(),
                                            .pi = keys.pi.copy(),
                                            .pr = keys.pr.copy()}});
}

}  // namespace twinspan::ike
