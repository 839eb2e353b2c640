# ML-KEM (FIPS 203) came with OpenSSL 3.5. The code that calls it compiles with any 3.x, where the
# algorithm is not found; TWINSPAN_HAS_ML_KEM says that it is there.
if(OPENSSL_VERSION VERSION_GREATER_EQUAL 3.5)
  add_compile_definitions(TWINSPAN_HAS_ML_KEM)
endif()
message(STATUS "ML-KEM: OpenSSL ${OPENSSL_VERSION}, needs 3.5")
