package dev.loraplus.io;

/** Lists the data types that are read from safetensors files, with their width in bytes. */
enum Dtype {
    BOOL(1),
    U8(1),
    I8(1),
    I16(2),
    U16(2),
    F16(2),
    BF16(2),
    I32(4),
    U32(4),
    F32(4),
    F64(8),
    I64(8);

    private final int width;

    Dtype(int width) {
        this.width = width;
    }

    int width() {
        return width;
    }
}
