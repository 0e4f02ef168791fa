// OpenSSL's digests. EVP_* functions import as they are; nothing is wrapped.
#include <openssl/evp.h>
