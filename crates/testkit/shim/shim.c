/*
 * A PKCS#11 module that wraps another one and fails on demand.
 *
 * KYSO_SHIM_MODULE  the module that does the work, an absolute path
 * KYSO_SHIM_FAULT   a file read at every call: "NAME [AFTER [MILLISECONDS]]". The fault begins after AFTER calls of the
 *                   function it concerns, counted since the file's text last changed. Empty or absent: no fault.
 * KYSO_SHIM_SOFTHSM2_CONF   what SOFTHSM2_CONF becomes before that module is loaded, if it is set: so the tokens are seen
 *                   through this module and not a second time through the other one
 * KYSO_SHIM_LOG     a file to which the name of each intercepted call is appended, and by which process: "C_Sign 4711"
 *
 * No header of PKCS#11 is used: the few types below are those of version 2.40 as compilers lay them out on Unix, where
 * structures are not packed.
 */

#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

typedef unsigned long CK_ULONG;
typedef CK_ULONG CK_RV;

enum {
	CKR_OK = 0x00,
	CKR_HOST_MEMORY = 0x02,
	CKR_GENERAL_ERROR = 0x05,
	CKR_DEVICE_ERROR = 0x30,
	CKR_DEVICE_MEMORY = 0x31,
	CKR_DEVICE_REMOVED = 0x32,
	CKR_PIN_INCORRECT = 0xA0,
	CKR_PIN_LOCKED = 0xA4,
	CKR_SESSION_COUNT = 0xB1,
	CKR_SESSION_HANDLE_INVALID = 0xB3,
	CKR_TOKEN_NOT_PRESENT = 0xE0,
};

enum {
	CKF_PROTECTED_AUTHENTICATION_PATH = 0x00000100,
	CKF_USER_PIN_COUNT_LOW = 0x00010000,
	CKF_USER_PIN_FINAL_TRY = 0x00020000,
	CKF_USER_PIN_LOCKED = 0x00040000,
};

/* Positions in CK_FUNCTION_LIST 2.40, counted from C_Initialize. */
enum {
	GET_FUNCTION_LIST = 3,
	GET_SLOT_LIST = 4,
	GET_TOKEN_INFO = 6,
	GET_MECHANISM_LIST = 7,
	OPEN_SESSION = 12,
	CLOSE_SESSION = 13,
	LOGIN = 18,
	LOGOUT = 19,
	FIND_OBJECTS_INIT = 26,
	SIGN_INIT = 42,
	SIGN = 43,
	FUNCTIONS = 68,
};

typedef struct {
	unsigned char version[2];
	void *function[FUNCTIONS];
} function_list;

typedef struct {
	unsigned char label[32], manufacturer[32], model[16], serial[16];
	CK_ULONG flags;
	/* Counts, lengths and versions follow; nothing here looks at them. */
} token_info;

typedef struct {
	CK_ULONG type;
	void *value;
	CK_ULONG length;
} attribute;

static const CK_ULONG CKA_CLASS = 0, CKO_PUBLIC_KEY = 2, CKO_NOTHING = 0x80000001;

static function_list ours;
static function_list *real;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char text[256];
static unsigned long calls[FUNCTIONS];
/* Whether "device-memory-once" has had its call since the fault file's text last changed. */
static int refused_once;

static void record(const char *name)
{
	const char *path = getenv("KYSO_SHIM_LOG");
	char line[64];
	int file, length;

	if (!path || (file = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600)) < 0)
		return;
	length = snprintf(line, sizeof line, "%s %ld\n", name, (long)getpid());
	if (write(file, line, (size_t)length) != length)
		perror("KYSO_SHIM_LOG");
	close(file);
}

/* Whether the fault of that name is on for this call of the function; `value` gets its third word. */
static int fault(const char *name, int function, unsigned long *value)
{
	const char *path = getenv("KYSO_SHIM_FAULT");
	char now[sizeof text] = "", word[64] = "";
	unsigned long after = 0, extra = 0;
	FILE *file;
	int on;

	if (path && (file = fopen(path, "r"))) {
		size_t length = fread(now, 1, sizeof now - 1, file);
		now[length] = 0;
		fclose(file);
	}
	pthread_mutex_lock(&lock);
	if (strcmp(now, text)) {
		strcpy(text, now);
		memset(calls, 0, sizeof calls);
		refused_once = 0;
	}
	sscanf(now, "%63s %lu %lu", word, &after, &extra);
	on = !strcmp(word, name) && calls[function] >= after;
	pthread_mutex_unlock(&lock);
	if (value)
		*value = extra;
	return on;
}

static void count(int function)
{
	pthread_mutex_lock(&lock);
	calls[function]++;
	pthread_mutex_unlock(&lock);
}

static void hang(unsigned long milliseconds)
{
	struct timespec rest = { (time_t)(milliseconds / 1000), (long)(milliseconds % 1000) * 1000000L };

	while (nanosleep(&rest, &rest))
		;
}

/* "noise": what vendors forget in their libraries. Standard output is not theirs. */
static void noise(void)
{
	static const char words[] = "DEBUG: token ok, pin ok\n";

	if (fault("noise", GET_SLOT_LIST, NULL) && write(1, words, sizeof words - 1) < 0)
		perror("noise");
}

/* "pulled": nothing is in any slot until the fault is switched off; logins and sessions are of the past. */
static int pulled(void)
{
	return fault("pulled", GET_SLOT_LIST, NULL);
}

static CK_RV get_slot_list(unsigned char present, CK_ULONG *list, CK_ULONG *length)
{
	unsigned long milliseconds;

	record("C_GetSlotList");
	noise();
	if (pulled() && present) {
		*length = 0;
		return CKR_OK;
	}
	if (fault("slots-hang", GET_SLOT_LIST, &milliseconds))
		hang(milliseconds);
	return ((CK_RV(*)(unsigned char, CK_ULONG *, CK_ULONG *))real->function[GET_SLOT_LIST])(present, list, length);
}

static CK_RV get_token_info(CK_ULONG slot, token_info *info)
{
	CK_RV value;

	if (pulled())
		return CKR_TOKEN_NOT_PRESENT;
	value = ((CK_RV(*)(CK_ULONG, token_info *))real->function[GET_TOKEN_INFO])(slot, info);
	if (value != CKR_OK)
		return value;
	if (fault("other-token", GET_TOKEN_INFO, NULL))
		memcpy(info->serial, "another token   ", sizeof info->serial);
	if (fault("pin-count-low", GET_TOKEN_INFO, NULL))
		info->flags |= CKF_USER_PIN_COUNT_LOW;
	if (fault("pin-final-try", GET_TOKEN_INFO, NULL))
		info->flags |= CKF_USER_PIN_COUNT_LOW | CKF_USER_PIN_FINAL_TRY;
	if (fault("pin-locked", GET_TOKEN_INFO, NULL))
		info->flags |= CKF_USER_PIN_LOCKED;
	if (fault("pin-pad", GET_TOKEN_INFO, NULL))
		info->flags |= CKF_PROTECTED_AUTHENTICATION_PATH;
	return value;
}

/* "hash-only": the token loses its raw mechanisms, as some cards have none. */
static CK_RV get_mechanism_list(CK_ULONG slot, CK_ULONG *list, CK_ULONG *length)
{
	static const CK_ULONG raw[] = { 0x01 /* RSA_PKCS */, 0x0D /* RSA_PKCS_PSS */, 0x1041 /* ECDSA */ };
	CK_RV value = ((CK_RV(*)(CK_ULONG, CK_ULONG *, CK_ULONG *))real->function[GET_MECHANISM_LIST])(slot, list, length);
	CK_ULONG kept = 0;

	if (value != CKR_OK || !list || !fault("hash-only", GET_MECHANISM_LIST, NULL))
		return value;
	for (CK_ULONG i = 0; i < *length; i++)
		if (list[i] != raw[0] && list[i] != raw[1] && list[i] != raw[2])
			list[kept++] = list[i];
	*length = kept;
	return value;
}

static CK_RV open_session(CK_ULONG slot, CK_ULONG flags, void *application, void *notify, CK_ULONG *session)
{
	record("C_OpenSession");
	if (pulled())
		return CKR_TOKEN_NOT_PRESENT;
	if (fault("session-count", OPEN_SESSION, NULL))
		return CKR_SESSION_COUNT;
	count(OPEN_SESSION);
	return ((CK_RV(*)(CK_ULONG, CK_ULONG, void *, void *, CK_ULONG *))real->function[OPEN_SESSION])(
		slot, flags, application, notify, session);
}

static CK_RV close_session(CK_ULONG session)
{
	record("C_CloseSession");
	return ((CK_RV(*)(CK_ULONG))real->function[CLOSE_SESSION])(session);
}

static CK_RV login(CK_ULONG session, CK_ULONG user, unsigned char *pin, CK_ULONG length)
{
	const char *pad = getenv("KYSO_SHIM_PAD_PIN");
	unsigned long milliseconds;
	CK_RV value;

	record("C_Login");
	if (fault("login-pin-locked", LOGIN, NULL))
		return CKR_PIN_LOCKED;
	if (fault("login-pin-incorrect", LOGIN, &milliseconds)) {
		hang(milliseconds);
		return CKR_PIN_INCORRECT;
	}
	if (fault("login-hang", LOGIN, &milliseconds))
		hang(milliseconds);
	/* The pad's keys: what a person would have typed on the reader. */
	if (!pin && pad && fault("pin-pad", LOGIN, NULL)) {
		pin = (unsigned char *)pad;
		length = strlen(pad);
	}
	value = ((CK_RV(*)(CK_ULONG, CK_ULONG, unsigned char *, CK_ULONG))real->function[LOGIN])(session, user, pin, length);
	count(LOGIN);
	return value;
}

static CK_RV logout(CK_ULONG session)
{
	record("C_Logout");
	return ((CK_RV(*)(CK_ULONG))real->function[LOGOUT])(session);
}

/* "hide-public-keys": cards often hold no public key objects; a search for them finds a class that nothing has. */
static CK_RV find_objects_init(CK_ULONG session, attribute *template, CK_ULONG length)
{
	record("C_FindObjectsInit");
	for (CK_ULONG i = 0; i < length; i++)
		if (template[i].type == CKA_CLASS && *(CK_ULONG *)template[i].value == CKO_PUBLIC_KEY &&
		    fault("hide-public-keys", FIND_OBJECTS_INIT, NULL))
			*(CK_ULONG *)template[i].value = CKO_NOTHING;
	return ((CK_RV(*)(CK_ULONG, void *, CK_ULONG))real->function[FIND_OBJECTS_INIT])(session, template, length);
}

static CK_RV sign_init(CK_ULONG session, void *mechanism, CK_ULONG key)
{
	record("C_SignInit");
	return ((CK_RV(*)(CK_ULONG, void *, CK_ULONG))real->function[SIGN_INIT])(session, mechanism, key);
}

/* "leak": the third word is in MiB here; each page is touched, so that it is really taken. */
static int leak(unsigned long mebibytes)
{
	size_t length = (size_t)mebibytes << 20;
	char *lost = malloc(length);

	if (!lost)
		return 1;
	for (size_t i = 0; i < length; i += 4096)
		((volatile char *)lost)[i] = 1;
	return 0;
}

static CK_RV sign(CK_ULONG session, unsigned char *data, CK_ULONG length, unsigned char *signature, CK_ULONG *room)
{
	static const struct {
		const char *name;
		CK_RV value;
	} failures[] = {
		{ "device-removed", CKR_DEVICE_REMOVED },
		{ "device-memory", CKR_DEVICE_MEMORY },
		{ "device-error", CKR_DEVICE_ERROR },
		{ "session-invalid", CKR_SESSION_HANDLE_INVALID },
	};
	unsigned long milliseconds;
	CK_RV value;

	record("C_Sign");
	noise();
	if (fault("crash", SIGN, NULL))
		abort();
	if (pulled())
		return CKR_DEVICE_REMOVED;
	if (fault("leak", SIGN, &milliseconds) && leak(milliseconds))
		return CKR_HOST_MEMORY;
	if (fault("hang", SIGN, &milliseconds))
		hang(milliseconds);
	for (size_t i = 0; i < sizeof failures / sizeof *failures; i++)
		if (fault(failures[i].name, SIGN, NULL))
			return failures[i].value;
	if (fault("device-memory-once", SIGN, NULL)) {
		int first = !refused_once;

		refused_once = 1;
		if (first)
			return CKR_DEVICE_MEMORY;
	}
	value = ((CK_RV(*)(CK_ULONG, unsigned char *, CK_ULONG, unsigned char *, CK_ULONG *))real->function[SIGN])(
		session, data, length, signature, room);
	if (value == CKR_OK && signature) {
		if (fault("signature-short", SIGN, NULL))
			*room -= 1;
		if (fault("signature-long", SIGN, NULL))
			*room += 1;
		if (fault("signature-empty", SIGN, NULL))
			*room = 0;
		if (fault("signature-absurd", SIGN, NULL))
			*room = (CK_ULONG)-1;
	}
	count(SIGN);
	return value;
}

/* "exit-hang": a library whose clean-up never comes back keeps its process from exiting. */
__attribute__((destructor)) static void leave(void)
{
	unsigned long milliseconds;

	if (fault("exit-hang", GET_FUNCTION_LIST, &milliseconds))
		hang(milliseconds);
}

CK_RV C_GetFunctionList(function_list **list)
{
	const char *path = getenv("KYSO_SHIM_MODULE");
	const char *configuration = getenv("KYSO_SHIM_SOFTHSM2_CONF");
	CK_RV (*real_list)(function_list **);
	void *library;

	if (configuration)
		setenv("SOFTHSM2_CONF", configuration, 1);
	if (!list || !path || !(library = dlopen(path, RTLD_NOW | RTLD_LOCAL)))
		return CKR_GENERAL_ERROR;
	/* POSIX lets a data pointer from dlsym become a function pointer; C needs the detour. */
	*(void **)&real_list = dlsym(library, "C_GetFunctionList");
	if (!real_list || real_list(&real) != CKR_OK)
		return CKR_GENERAL_ERROR;
	ours = *real;
	ours.function[GET_FUNCTION_LIST] = (void *)C_GetFunctionList;
	ours.function[GET_SLOT_LIST] = (void *)get_slot_list;
	ours.function[GET_TOKEN_INFO] = (void *)get_token_info;
	ours.function[GET_MECHANISM_LIST] = (void *)get_mechanism_list;
	ours.function[OPEN_SESSION] = (void *)open_session;
	ours.function[CLOSE_SESSION] = (void *)close_session;
	ours.function[LOGIN] = (void *)login;
	ours.function[LOGOUT] = (void *)logout;
	ours.function[FIND_OBJECTS_INIT] = (void *)find_objects_init;
	ours.function[SIGN_INIT] = (void *)sign_init;
	ours.function[SIGN] = (void *)sign;
	*list = &ours;
	return CKR_OK;
}
