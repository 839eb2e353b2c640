#include "ike/wire/notify_type.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

namespace twinspan::ike {

namespace {

// The IANA registry "IKEv2 Notify Message Types", as far as Twinspan uses it.
const std::map<uint16_t, std::string> kRegistry = {
    {1, "UNSUPPORTED_CRITICAL_PAYLOAD"},
    {4, "INVALID_IKE_SPI"},
    {5, "INVALID_MAJOR_VERSION"},
    {7, "INVALID_SYNTAX"},
    {9, "INVALID_MESSAGE_ID"},
    {11, "INVALID_SPI"},
    {14, "NO_PROPOSAL_CHOSEN"},
    {17, "INVALID_KE_PAYLOAD"},
    {24, "AUTHENTICATION_FAILED"},
    {34, "SINGLE_PAIR_REQUIRED"},
    {35, "NO_ADDITIONAL_SAS"},
    {36, "INTERNAL_ADDRESS_FAILURE"},
    {37, "FAILED_CP_REQUIRED"},
    {38, "TS_UNACCEPTABLE"},
    {39, "INVALID_SELECTORS"},
    {40, "UNACCEPTABLE_ADDRESSES"},
    {41, "UNEXPECTED_NAT_DETECTED"},
    {42, "USE_ASSIGNED_HoA"},
    {43, "TEMPORARY_FAILURE"},
    {44, "CHILD_SA_NOT_FOUND"},
    {45, "INVALID_GROUP_ID"},
    {46, "AUTHORIZATION_FAILED"},
    {47, "STATE_NOT_FOUND"},
    {48, "TS_MAX_QUEUE"},
    {16384, "INITIAL_CONTACT"},
    {16385, "SET_WINDOW_SIZE"},
    {16386, "ADDITIONAL_TS_POSSIBLE"},
    {16387, "IPCOMP_SUPPORTED"},
    {16388, "NAT_DETECTION_SOURCE_IP"},
    {16389, "NAT_DETECTION_DESTINATION_IP"},
    {16390, "COOKIE"},
    {16391, "USE_TRANSPORT_MODE"},
    {16392, "HTTP_CERT_LOOKUP_SUPPORTED"},
    {16393, "REKEY_SA"},
    {16394, "ESP_TFC_PADDING_NOT_SUPPORTED"},
    {16395, "NON_FIRST_FRAGMENTS_ALSO"},
    {16396, "MOBIKE_SUPPORTED"},
    {16403, "AUTH_LIFETIME"},
    {16404, "MULTIPLE_AUTH_SUPPORTED"},
    {16413, "TICKET_OPAQUE"},
    {16418, "CHILDLESS_IKEV2_SUPPORTED"},
    {16419, "QUICK_CRASH_DETECTION"},
    {16420, "IKEV2_MESSAGE_ID_SYNC_SUPPORTED"},
    {16430, "IKEV2_FRAGMENTATION_SUPPORTED"},
    {16431, "SIGNATURE_HASH_ALGORITHMS"},
    {16435, "USE_PPK"},
    {16436, "PPK_IDENTITY"},
    {16437, "NO_PPK_AUTH"},
    {16438, "INTERMEDIATE_EXCHANGE_SUPPORTED"},
    {16441, "ADDITIONAL_KEY_EXCHANGE"},
    {16442, "USE_AGGFRAG"},
    {16444, "SA_RESOURCE_INFO"},
};

}  // namespace

TEST(NotifyName, IsTheRegistrysForEveryNumberAndNullForTheRest) {
  for (uint32_t number = 0; number <= 65535; ++number) {
    const char* name = notify_name(NotifyType{static_cast<uint16_t>(number)});
    const auto entry = kRegistry.find(static_cast<uint16_t>(number));
    if (entry == kRegistry.end()) {
      EXPECT_EQ(name, nullptr) << number;
    } else {
      EXPECT_STREQ(name, entry->second.c_str());
    }
  }
}

TEST(NotifyType, ErrorsEndBelow16384) {
  EXPECT_TRUE(is_error(NotifyType::UnsupportedCriticalPayload));
  EXPECT_TRUE(is_error(NotifyType{16383}));
  EXPECT_FALSE(is_error(NotifyType::InitialContact));
  EXPECT_FALSE(is_error(NotifyType{65535}));
}

}  // namespace twinspan::ike
