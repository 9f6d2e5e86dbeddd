# lp_solve: linear programs by the simplex method.
source=lp-solve
build() {
    $CC $CFLAGS $LDFLAGS -DYY_NEVER_INTERACTIVE -DPARSER_LP -DINVERSE_ACTIVE=INVERSE_LUSOL -DRoleIsExternalInvEngine \
        -I. -Ishared -Ibfp -Ibfp/bfp_LUSOL -Ibfp/bfp_LUSOL/LUSOL -Icolamd -o "$program" \
        lp_MDO.c shared/commonlib.c shared/mmio.c shared/myblas.c ini.c lp_rlp.c lp_crash.c bfp/bfp_LUSOL/lp_LUSOL.c \
        bfp/bfp_LUSOL/LUSOL/lusol.c lp_Hash.c lp_lib.c lp_wlp.c lp_matrix.c lp_mipbb.c lp_MPS.c lp_params.c \
        lp_presolve.c lp_price.c lp_pricePSE.c lp_report.c lp_scale.c lp_simplex.c lp_SOS.c lp_utils.c yacc_read.c \
        colamd/colamd.c lp_solve/lp_solve.c -lm -ldl
}
