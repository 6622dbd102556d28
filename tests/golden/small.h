/* A zoo, declared the way libxl declares a host: one of everything that the generator has a rule for. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct libxl__ctx libxl_ctx;
typedef struct { int val; } libxl_defbool;
typedef struct { uint8_t uuid[16]; } libxl_uuid;
typedef uint8_t libxl_mac[6];
typedef struct { uint32_t size; uint8_t *map; } libxl_bitmap;
typedef char **libxl_string_list;
typedef char **libxl_key_value_list;
typedef uint32_t libxl_hwcap[8];
typedef struct { uint8_t bytes[16]; } libxl_ms_vm_genid;
typedef struct libxl__cpuid_policy_list *libxl_cpuid_policy_list;
typedef struct { void *link; } libxl_ev_link;
typedef uint32_t libxl_domid;
typedef struct { void (*callback)(libxl_ctx *ctx, int rc, void *for_callback); } libxl_asyncop_how;

typedef enum libxl_error {
    ERROR_NONSPECIFIC = -1,
    ERROR_FAIL = -3,
    ERROR_NI = -4,
} libxl_error;

typedef enum libxl_kind {
    LIBXL_KIND_INVALID = -1,
    LIBXL_KIND_CAT = 1,
    LIBXL_KIND_DOG = 2,
} libxl_kind;
char *libxl_kind_to_json(libxl_ctx *ctx, libxl_kind p);
const char *libxl_kind_to_string(libxl_kind p);
int libxl_kind_from_string(const char *s, libxl_kind *e);

typedef enum libxl_food {
    LIBXL_FOOD_HAY = 0,
    LIBXL_FOOD_FISH_AND_CHIPS = 1,
} libxl_food;
char *libxl_food_to_json(libxl_ctx *ctx, libxl_food p);
char *libxl_error_to_json(libxl_ctx *ctx, libxl_error p);

/* Every value has a longest form, so it is written in one run. */
typedef struct libxl_cage {
    uint8_t small;
    uint16_t medium;
    uint32_t large;
    uint64_t huge;
    int signed_one;
    int64_t signed_huge;
    bool locked;
    libxl_food food;
} libxl_cage;
void libxl_cage_init(libxl_cage *p);
void libxl_cage_dispose(libxl_cage *p);
char *libxl_cage_to_json(libxl_ctx *ctx, libxl_cage *p);

/* A struct without fields, and one without _init and _dispose. */
typedef struct libxl_void {
} libxl_void;
char *libxl_void_to_json(libxl_ctx *ctx, libxl_void *p);

typedef struct libxl_animal {
    char *name;
    const char *species; /* private: libxl never frees it */
    libxl_domid domid;
    libxl_cage cage;
    libxl_defbool tame;
    libxl_uuid uuid;
    libxl_mac mac;
    libxl_bitmap spots;
    libxl_string_list nicknames;
    libxl_key_value_list likes;
    libxl_hwcap hwcap;
    libxl_ms_vm_genid genid;
    libxl_cpuid_policy_list cpuid;
    libxl_ev_link private_link;
    int num_teeth;
    int *teeth;
    int num_cages;
    libxl_cage *cages;
    struct {
        bool striped;
        char *pattern;
    } fur;
    /* another field */
    libxl_kind type;
    union {
        struct {
            int lives;
            libxl_defbool purrs;
        } cat;
        struct {
            char *trick;
        } dog;
    } u;
} libxl_animal;
void libxl_animal_init(libxl_animal *p);
void libxl_animal_init_type(libxl_animal *p, libxl_kind type);
void libxl_animal_dispose(libxl_animal *p);
void libxl_animal_copy(libxl_ctx *ctx, libxl_animal *dst, const libxl_animal *src);
char *libxl_animal_to_json(libxl_ctx *ctx, libxl_animal *p);
int libxl_animal_from_json(libxl_ctx *ctx, libxl_animal *p, const char *s);
void libxl_animal_list_free(libxl_animal *list, int nb);

int libxl_ctx_alloc(libxl_ctx **pctx, int version, unsigned flags, void *lg);

/* Arrays: returned, and through a parameter. */
libxl_animal *libxl_list_animal(libxl_ctx *ctx, int *nb_animal_out);
int libxl_get_animals(libxl_ctx *ctx, libxl_kind kind, libxl_animal **animals, unsigned int *nr);
/* An array that no function of its own frees. */
libxl_cage *libxl_list_cage(libxl_ctx *ctx, int *nb);
/* Structs and builtins through a parameter. */
int libxl_animal_info(libxl_ctx *ctx, libxl_animal *animal_r, uint32_t domid);
int libxl_get_cages(libxl_ctx *ctx, libxl_bitmap *map);
int libxl_cage_bitmap_alloc(libxl_ctx *ctx, libxl_bitmap *map, int max_cages);
/* A struct that belongs to the context. */
const libxl_cage *libxl_get_cage(libxl_ctx *ctx);
/* Strings and numbers. */
char *libxl_animal_to_name(libxl_ctx *ctx, uint32_t domid);
int libxl_name_to_animal(libxl_ctx *ctx, const char *name, uint32_t *domid_r);
int libxl_animal_get_sizes(libxl_ctx *ctx, uint32_t domid, uint64_t *height, int *weight_out, char **unit);
int libxl_get_animal_count(libxl_ctx *ctx);
int libxl_animal_is_valid(libxl_ctx *ctx, uint32_t domid);
int libxl_get_food(libxl_ctx *ctx);
uint32_t libxl_animal_get_start_time(libxl_ctx *ctx, uint32_t domid);
int libxl_get_level(libxl_ctx *ctx, unsigned int level, bool deep, libxl_kind *kind_out);
/* Asynchronous, but only looking. */
int libxl_animal_retrieve(libxl_ctx *ctx, uint32_t domid, libxl_animal *animal, const libxl_asyncop_how *ao_how);
/* It looks at what it is asked for in the struct that it fills. */
int libxl_animal_get(libxl_ctx *ctx, uint32_t domid, libxl_animal *animal);

/* These change something. */
int libxl_domain_create_animal(libxl_ctx *ctx, libxl_animal *config, uint32_t *domid, int restore_fd, int spare_fd,
                               const libxl_asyncop_how *ao_how);
int libxl_device_cage_add(libxl_ctx *ctx, uint32_t domid, libxl_cage *cage, const libxl_asyncop_how *ao_how);
int libxl_animal_wash(libxl_ctx *ctx, uint32_t domid, const libxl_animal *like, const libxl_asyncop_how *ao_how);
int libxl_animal_destroy(libxl_ctx *ctx, uint32_t domid, const libxl_asyncop_how *ao_how);
int libxl_animal_rename(libxl_ctx *ctx, uint32_t domid, const char *old_name, const char *new_name);
int libxl_animal_paint(libxl_ctx *ctx, uint32_t domid, const uint8_t *data, int datalen, char letter);
int libxl_set_spots(libxl_ctx *ctx, uint32_t domid, const libxl_bitmap *cpumap_front, const libxl_bitmap *cpumap_back);
int libxl_zoo_create(libxl_ctx *ctx, libxl_bitmap nodemap, libxl_uuid *uuid, uint32_t *zooid);

/* One method, written by hand. */
typedef struct libxl__xen_console_reader libxl_xen_console_reader;
libxl_xen_console_reader *libxl_xen_console_read_start(libxl_ctx *ctx, int clear);

/* None of these is a method. */
int libxl_animal_feed(libxl_ctx *ctx, uint32_t domid, libxl_food food, const libxl_asyncop_how *ao_how);
int libxl_animal_exec(libxl_ctx *ctx, uint32_t domid);
void libxl_osevent_register(libxl_ctx *ctx, void *hooks);
int libxl_count_legs(const libxl_animal *animal);
static inline int libxl_zoo_is_open(libxl_ctx *ctx) { return ctx != NULL; }
/* another function */
