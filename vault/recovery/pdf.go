package recovery

import "context"

func readPDF(ctx context.Context, data []byte) (string, error) { return "", ErrFormat }
