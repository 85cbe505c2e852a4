/* The bare loop every signing figure is compared with: C_SignInit + C_Sign on a cached key handle, no length query.
 *
 * usage: bare MODULE TOKEN_LABEL PIN CKA_ID_HEX rsa|ec THREADS SIGNATURES
 * prints: seconds for SIGNATURES in all, one session a thread. Compiled by the benchmark; PKCS#11 2.40 on Unix (unpacked). */
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef unsigned long CK_ULONG;
typedef CK_ULONG CK_RV;
typedef struct { CK_ULONG type; void *value; CK_ULONG length; } CK_ATTRIBUTE;
typedef struct { CK_ULONG mechanism; void *parameter; CK_ULONG length; } CK_MECHANISM;
typedef struct { void *create, *destroy, *lock, *unlock; CK_ULONG flags; void *reserved; } CK_C_INITIALIZE_ARGS;
typedef CK_RV (*CALL)();
/* Version, then the functions in the order of PKCS#11 2.40 section 3. */
typedef struct { unsigned char version[2]; CALL call[68]; } CK_FUNCTION_LIST;
enum { INITIALIZE = 0, FINALIZE = 1, GET_SLOT_LIST = 4, GET_TOKEN_INFO = 6, OPEN_SESSION = 12, LOGIN = 18,
       FIND_OBJECTS_INIT = 26, FIND_OBJECTS = 27, FIND_OBJECTS_FINAL = 28, SIGN_INIT = 42, SIGN = 43 };
#define DO(name, index, ...) do { CK_RV rv = list->call[index](__VA_ARGS__); \
    if (rv) { fprintf(stderr, "%s: 0x%lx\n", name, rv); exit(1); } } while (0)

static CK_FUNCTION_LIST *list;
static CK_ULONG slot;
static CK_ULONG mechanism_type;
static unsigned char id[64];
static size_t id_length;
static long each;
static pthread_barrier_t start;

static void *work(void *unused) {
    (void)unused;
    CK_ULONG session, key = 0, found = 0, class = 3; /* CKO_PRIVATE_KEY */
    DO("C_OpenSession", OPEN_SESSION, slot, 4UL, (void *)0, (void *)0, &session);
    CK_ATTRIBUTE template[2] = {{0x000, &class, sizeof class}, {0x102, id, id_length}};
    DO("C_FindObjectsInit", FIND_OBJECTS_INIT, session, template, 2UL);
    DO("C_FindObjects", FIND_OBJECTS, session, &key, 1UL, &found);
    DO("C_FindObjectsFinal", FIND_OBJECTS_FINAL, session);
    if (found != 1) { fprintf(stderr, "no such key\n"); exit(1); }
    /* DigestInfo of SHA-256 before the digest for RSA, the digest alone for ECDSA. */
    unsigned char data[51] = {0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20};
    unsigned char *from = mechanism_type == 1 ? data : data + 19;
    CK_ULONG length = mechanism_type == 1 ? 51 : 32;
    CK_MECHANISM mechanism = {mechanism_type, 0, 0};
    pthread_barrier_wait(&start);
    for (long i = 0; i < each; i++) {
        unsigned char signature[1024];
        CK_ULONG size = sizeof signature;
        memcpy(data + 19, &i, sizeof i);
        DO("C_SignInit", SIGN_INIT, session, &mechanism, key);
        DO("C_Sign", SIGN, session, from, length, signature, &size);
    }
    return 0;
}

int main(int argc, char **argv) {
    if (argc != 8) return 2;
    void *module = dlopen(argv[1], RTLD_NOW);
    if (!module) { fprintf(stderr, "%s\n", dlerror()); return 1; }
    CK_RV (*get)(CK_FUNCTION_LIST **) = (CK_RV(*)(CK_FUNCTION_LIST **))dlsym(module, "C_GetFunctionList");
    if (!get || get(&list)) return 1;
    CK_C_INITIALIZE_ARGS arguments = {0, 0, 0, 0, 2, 0}; /* CKF_OS_LOCKING_OK */
    DO("C_Initialize", INITIALIZE, &arguments);
    CK_ULONG slots[64], count = 64, session;
    DO("C_GetSlotList", GET_SLOT_LIST, (unsigned char)1, slots, &count);
    size_t label = strlen(argv[2]);
    CK_ULONG i;
    for (i = 0; i < count; i++) {
        unsigned char info[512] = {0};
        DO("C_GetTokenInfo", GET_TOKEN_INFO, slots[i], info);
        if (!memcmp(info, argv[2], label) && (label == 32 || info[label] == ' ')) break;
    }
    if (i == count) { fprintf(stderr, "no such token\n"); return 1; }
    slot = slots[i];
    for (char *hex = argv[4]; hex[0] && hex[1] && id_length < sizeof id; hex += 2) {
        unsigned byte;
        if (sscanf(hex, "%2x", &byte) != 1) return 2;
        id[id_length++] = (unsigned char)byte;
    }
    mechanism_type = strcmp(argv[5], "rsa") ? 0x1041 : 1; /* CKM_ECDSA, CKM_RSA_PKCS */
    int threads = atoi(argv[6]);
    each = atol(argv[7]) / threads;
    DO("C_OpenSession", OPEN_SESSION, slot, 4UL, (void *)0, (void *)0, &session);
    DO("C_Login", LOGIN, session, 1UL, argv[3], (CK_ULONG)strlen(argv[3]));
    pthread_barrier_init(&start, 0, (unsigned)threads + 1);
    pthread_t workers[64];
    for (int t = 0; t < threads; t++) pthread_create(&workers[t], 0, work, 0);
    struct timespec from, to;
    pthread_barrier_wait(&start);
    clock_gettime(CLOCK_MONOTONIC, &from);
    for (int t = 0; t < threads; t++) pthread_join(workers[t], 0);
    clock_gettime(CLOCK_MONOTONIC, &to);
    printf("%.9f\n", (to.tv_sec - from.tv_sec) + (to.tv_nsec - from.tv_nsec) / 1e9);
    return 0;
}
