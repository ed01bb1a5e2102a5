package platform_test

func hardenedChild([]string) int { return 2 }
