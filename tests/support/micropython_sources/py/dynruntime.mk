# For tests: builds a library for this computer where MicroPython's own file builds a .mpy.
$(MOD).mpy: $(SRC)
	cc -fPIC -shared $(CFLAGS_EXTRA) -I. -I$(MPY_DIR) $(SRC) -o $@
