// People as tokens name them: an id, whatever they are called.

export const ann = '01900000-0000-7000-8000-00000000a001'
export const bob = '01900000-0000-7000-8000-00000000b0b0'
export const eve = '01900000-0000-7000-8000-00000000e0e0'
