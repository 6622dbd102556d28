/* Lists domains through libxl, as any program that is written for it: domid, name, VCPUs; then one that is not there. */
#include <libxl.h>
#include <libxl_utils.h>
#include <stdio.h>
#include <stdlib.h>
#include <xentoollog.h>

int main(void)
{
    xentoollog_logger *logger = (xentoollog_logger *)xtl_createlogger_stdiostream(stderr, XTL_ERROR, 0);
    libxl_ctx *ctx;
    libxl_dominfo *list, info;
    int count, i;

    if (libxl_ctx_alloc(&ctx, LIBXL_VERSION, 0, logger)) return 1;
    list = libxl_list_domain(ctx, &count);
    if (!list) return 2;
    for (i = 0; i < count; i++) {
        char *name = libxl_domid_to_name(ctx, list[i].domid), *json = libxl_dominfo_to_json(ctx, &list[i]);
        printf("%u %s %u %s\n", list[i].domid, name ? name : "(null)", list[i].vcpu_online, json ? "json" : "no json");
        free(name);
        free(json);
    }
    libxl_dominfo_list_free(list, count);
    libxl_dominfo_init(&info);
    printf("%d\n", libxl_domain_info(ctx, &info, 4000));
    libxl_dominfo_dispose(&info);
    libxl_ctx_free(ctx);
    return 0;
}
