#include "tun/path_reports.h"

#include "tun/coarse_clock.h"

namespace twinspan::tun {

void PathReports::take(int fd, const esp::SaTable& table) {
  for (const TooBigReport& report : queue_.drain(fd)) judge(report, table);
}

void PathReports::judge(const TooBigReport& report, const esp::SaTable& table) {
  bool is_ours = false;
  bool is_news = false;
  table.visit_outbound(report.destination, [&](esp::OutboundSa& sa) {
    if (!report.is_local && !report.spi) {
      sa.path().want_probe();
      return;
    }
    // The SPI is the only part of what is quoted that one who is not on the path does not know.
    if (!report.is_local && *report.spi != sa.spi().value) return;
    is_ours = true;
    is_news |= sa.path().lower(report.mtu, report.destination.family(), coarse_milliseconds());
  });
  if (!report.is_local && !report.spi) return counters_.hints.add(1);
  (!is_ours ? counters_.refused : is_news ? counters_.learned : counters_.known).add(1);
}

}  // namespace twinspan::tun
