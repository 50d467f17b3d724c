Console.WriteLine("tieout");
return 0;
