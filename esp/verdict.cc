#include "esp/verdict.h"

namespace twinspan::esp {

const char* to_string(Verdict verdict) {
  switch (verdict) {
    case Verdict::Accept:
      return "accepted";
    case Verdict::Dummy:
      return "dummy";
    case Verdict::Malformed:
      return "malformed";
    case Verdict::UnknownSpi:
      return "unknown-spi";
    case Verdict::Replayed:
      return "replayed";
    case Verdict::BadIcv:
      return "bad-icv";
    case Verdict::BadPadding:
      return "bad-padding";
    case Verdict::BadInnerPacket:
      return "bad-inner-packet";
    case Verdict::BadAggfrag:
      return "bad-aggfrag";
    case Verdict::AggfragFragment:
      return "aggfrag-fragment";
    case Verdict::SelectorMismatch:
      return "selector-mismatch";
    case Verdict::SourceRefused:
      return "source-refused";
    case Verdict::WrongOuter:
      return "wrong-outer";
    case Verdict::Expired:
      return "expired";
    case Verdict::EcnIllegal:
      return "ecn-illegal";
    case Verdict::TunWriteFailed:
      return "tun-write-failed";
    case Verdict::SocketQueueFull:
      return "socket-queue-full";
    case Verdict::LinkScope:
      return "link-scope";
    case Verdict::NoSa:
      return "no-sa";
    case Verdict::NoSelector:
      return "no-selector";
    case Verdict::SequenceExhausted:
      return "sequence-exhausted";
    case Verdict::TooBig:
      return "too-big";
    case Verdict::BadOffload:
      return "bad-offload";
    case Verdict::SendFailed:
      return "send-failed";
    case Verdict::DeviceQueueFull:
      return "device-queue-full";
    case Verdict::Count_:
      break;
  }
  return "unknown";
}

}  // namespace twinspan::esp
